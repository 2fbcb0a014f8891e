import { describe, expect, it } from 'vitest';
import {
  completionMask,
  concatPairs,
  dpoGradientWeight,
  gatherPairs,
  implicitRewards,
  ipo,
  klEstimate,
  labelsFromMask,
  levanterMetrics,
  maskFromLabels,
  maskedMean,
  maskedSum,
  nll,
  pairMetrics,
  readMetrics,
  shiftLabels,
  splitPairs,
  tokenLogProbs,
  unpairedMetrics,
} from '../../src/index.js';
import { expectError, expectValues, ints, isArrays, isReadable, tensor, type X } from '../support/engine.js';
import { pairLogps } from '../support/samples.js';

// What is wrong is said of the function that was called and of the argument by its name.
const none = 'is not a tensor: no registered engine owns undefined';

describe('messages name function and argument', () => {
  it('where an argument is missing', () => {
    const [x, y] = [tensor([1, 2]), ints([[1, 2]])];
    const cases: [() => unknown, string][] = [
      [() => splitPairs(undefined), `splitPairs: x ${none}`],
      [() => gatherPairs<X>(undefined, { chosen: [0], rejected: [0] }), `gatherPairs: x ${none}`],
      [() => maskedSum<X>(undefined, x), `maskedSum: x ${none}`],
      [() => maskedMean<X>(x, undefined), `maskedMean: mask ${none}`],
      [() => labelsFromMask<X>(undefined, y), `labelsFromMask: tokens ${none}`],
      [() => maskFromLabels<X>(undefined), `maskFromLabels: labels ${none}`],
      [() => shiftLabels<X>(undefined), `shiftLabels: labels ${none}`],
      [() => tokenLogProbs<X, X>(undefined, y), `tokenLogProbs: logits ${none}`],
      [() => completionMask<X>({ promptLengths: y, lengths: 'a' }, 4), 'completionMask: lengths is not a tensor: no registered engine owns "a"'], // prettier-ignore
      [() => concatPairs({ chosen: 'a', rejected: x } as never), 'concatPairs: chosen is not a tensor: no registered engine owns "a"'],
      [() => dpoGradientWeight({} as never), 'dpoGradientWeight: logps lacks policy, expected { policy, reference }'],
      [() => implicitRewards(undefined as never), 'implicitRewards: logps is undefined, expected { policy, reference }'],
      [() => implicitRewards({ policy: null, reference: x } as never), 'implicitRewards: policy is not a tensor: no registered engine owns null'], // prettier-ignore
      [() => klEstimate({ sum: tensor(1), count: 'a' } as never), 'klEstimate: count is not a tensor: no registered engine owns "a"'],
      [() => unpairedMetrics({ policy: x, desirable: x } as never), 'unpairedMetrics: batch lacks reference, expected { policy, reference, desirable }'], // prettier-ignore
    ];
    for (const [call, message] of cases) expect(call).toThrow(new TypeError(message));
  });

  it('where an option is unknown', () => {
    const options: X = { temperature: 1 };
    const [x, logps] = [tensor([[1, 2]]), pairLogps()];
    const batch: X = { policy: tensor([1]), reference: tensor([1]), desirable: tensor([1]) };
    const unknown = 'unknown option temperature, expected';
    expectError(() => nll<X>(x, x, options), RangeError, `nll: ${unknown} reduction, tokenCount`);
    expectError(() => pairMetrics(logps, options), RangeError, `pairMetrics: ${unknown} beta, ties`);
    expectError(() => unpairedMetrics(batch, options), RangeError, `unpairedMetrics: ${unknown} beta`);
    expectError(() => levanterMetrics(logps, options), RangeError, `levanterMetrics: ${unknown} beta`);
    expectError(() => nll<X>(x, x, 'token' as never), TypeError, 'nll: options is "token", expected an object');
    expectError(() => nll<X>(x, x, { reduction: 'all' as never }), RangeError, 'nll: reduction must be one of "token", "sequence", "none", got "all"'); // prettier-ignore
  });

  it('where a shape is wrong', () => {
    const [flat, odd, pair] = [tensor(1), tensor([[1, 2], [3, 4], [5, 6]]), tensor([1, 2])]; // prettier-ignore
    expectError(() => splitPairs(flat), RangeError, 'splitPairs: x has shape [], expected an even number of rows, chosen first');
    expectError(() => splitPairs(odd), RangeError, 'splitPairs: x has shape [3, 2], expected an even number of rows, chosen first');
    const [logps, ones] = [pairLogps(), tensor([[1, 1], [1, 1], [1, 1]])]; // prettier-ignore
    expectError(() => ipo<X>(logps, { beta: pair }), RangeError, 'ipo: beta has shape [2], expected [3] like policy.chosen');
    expectError(() => klEstimate<X>({ sum: flat, count: pair }), RangeError, 'klEstimate: count has shape [2], expected rank 0');
    expectError(() => tokenLogProbs<X, X>(pair, pair), RangeError, 'tokenLogProbs: logits has shape [2], expected [B, T, V] or [N, V]');
    for (const axis of [2, -3, 0.5]) {
      expectError(() => maskedSum<X>(odd, ones, axis), RangeError, `maskedSum: axis must be an integer in [-2, 2), got ${axis}`);
      expectError(() => maskedMean<X>(ones, ones, axis), RangeError, `maskedMean: axis must be an integer in [-2, 2), got ${axis}`);
    }
  });

  // Where values cannot be read, the result becomes NaN: each function has a test of that.
  it.runIf(isReadable)('where a value is wrong', () => {
    const spans = (prompt: number[], lengths: number[]): X => ({ promptLengths: ints(prompt), lengths: ints(lengths) });
    const call = (x: X) => () => completionMask<X>(x, 3);
    const outside = 'must be an integer in [0, 3], got';
    const prompts = 'must be an integer from 0 to the length of its row, got';
    expectError(call(spans([0], [-1])), RangeError, `completionMask: value 0 of lengths ${outside} -1`);
    expectError(call(spans([-1], [1])), RangeError, `completionMask: value 0 of promptLengths ${prompts} -1`);
    // Plain numbers have no kind: their values say it.
    if (!isArrays) return;
    expectError(call(spans([0], [1.5])), RangeError, `completionMask: value 0 of lengths ${outside} 1.5`);
    expectError(call(spans([0.5], [1])), RangeError, `completionMask: value 0 of promptLengths ${prompts} 0.5`);
  });
});

describe('axes', () => {
  it('may be counted from either end', async () => {
    const [x, mask] = [tensor([[1, 2], [3, 4]]), tensor([[1, 0], [1, 1]])]; // prettier-ignore
    await expectValues(maskedSum<X>(x, mask, -2), [4, 4], 4);
    await expectValues(maskedSum<X>(x, mask, 0), [4, 4], 4);
    await expectValues(maskedSum<X>(x, mask, -1), [1, 7], 4);
  });

  it('of a record of nothing are none', async () => {
    expect(await readMetrics({})).toEqual({});
  });
});
