import { describe, expect, it } from 'vitest';
import {
  completionLogProbs,
  labelsFromMask,
  linearTokenLogProbs,
  maskFromLabels,
  sequenceLogProbs,
  shiftLabels,
  tokenLogProbs,
} from '../../src/index.js';
import {
  expectError,
  expectGradients,
  expectNoLeak,
  expectValues,
  ints,
  isReadable,
  read,
  tensor,
  derivatives,
  type X,
} from '../support/engine.js';
import type { Nested } from '../../src/index.js';
import type { Values } from '../../src/testing/index.js';

const [B, T, V, D] = [3, 5, 7, 4];
const wave = (sizes: readonly number[], phase: number): Nested => {
  const [size, ...rest] = sizes as [number, ...number[]];
  return Array.from({ length: size }, (_, i) => (rest.length === 0 ? 2 * Math.sin(3.7 * i + phase) : wave(rest, phase + 1.3 * i + 0.7)));
};

const logits = wave([B, T, V], 0.3);
const head = { hidden: wave([B, T, D], 0.1), weight: wave([V, D], 0.9), bias: wave([V], 2) };
const tokens = [
  [1, 2, 3, 4, 5],
  [6, 5, 4, 0, 0],
  [2, 2, 0, 0, 0],
];
const mask = [
  [0, 0, 1, 1, 1],
  [0, 1, 1, 0, 0],
  [0, 0, 0, 0, 0],
];
const hfLabels = tokens.map((row, b) => row.map((token, t) => (mask[b]![t] === 1 ? token : -100)));

/** The long way, on the arrays engine in float64. */
function theLongWay(reduction: 'sum' | 'mean'): number[] {
  const labels = shiftLabels(labelsFromMask(tokens, mask));
  return sequenceLogProbs(tokenLogProbs(logits as number[][][], labels), maskFromLabels(labels), { reduction });
}

describe('completionLogProbs', () => {
  it.each(['sum', 'mean'] as const)('equals the long way: %s', async (reduction) => {
    const expected = theLongWay(reduction);
    const batches = [
      { tokens: ints(tokens), mask: tensor(mask) },
      { tokens: ints(tokens), mask: tensor(mask, 'bool') },
      { tokens, mask },
      { tokens: tokens.map((row) => Int32Array.from(row)), mask: mask.map((row) => row.map((m) => m === 1)) },
      { tokens: ints(tokens), mask },
      { tokens, mask: ints(mask) },
      { labels: ints(hfLabels) },
      { labels: hfLabels },
    ];
    for (const batch of batches) await expectValues(completionLogProbs<X>(tensor(logits), batch, { reduction }), expected, 8);
  });

  it('takes the tokens that do not count as they are, and another ignored label', async () => {
    const expected = theLongWay('sum');
    await expectValues(completionLogProbs<X>(tensor(logits), { tokens: ints(hfLabels), mask: tensor(mask) }), expected, 8);
    const other = hfLabels.map((row) => row.map((label) => (label === -100 ? -1 : label)));
    await expectValues(completionLogProbs<X>(tensor(logits), { labels: ints(other) }, { ignoreIndex: -1 }), expected, 8);
  });

  it('takes a head in place of logits, with the options of the linear form', async () => {
    const next = shiftLabels(labelsFromMask(tokens, mask));
    const options = { temperature: 2, logitSoftcap: 3 };
    const perToken = linearTokenLogProbs(head as never, next, options) as number[][];
    const expected = sequenceLogProbs(perToken, maskFromLabels(next));
    const onEngine = { hidden: tensor(head.hidden), weight: tensor(head.weight), bias: tensor(head.bias) };
    for (const batch of [{ tokens: ints(tokens), mask: tensor(mask) }, { tokens, mask }, { labels: hfLabels }])
      await expectValues(completionLogProbs<X, X>(onEngine, batch, options), expected, 8);
  });

  it('has the gradient of the long way', async () => {
    const long = (x: X): X => {
      const labels = shiftLabels<X>(labelsFromMask<X>(ints(tokens), tensor(mask)));
      return sequenceLogProbs<X>(tokenLogProbs<X, X>(x, labels), maskFromLabels<X>(labels));
    };
    const { grads } = await derivatives(long, [logits]);
    for (const batch of [{ tokens: ints(tokens), mask: tensor(mask) }, { tokens, mask }, { labels: ints(hfLabels) }])
      await expectGradients((x) => completionLogProbs<X>(x, batch), [logits], grads as Values[]);
  });

  it('counts the first token of every completion', async () => {
    // Whoever gives the unshifted mask to sequenceLogProbs loses that token.
    const flat = Array.from({ length: 2 }, () => Array.from({ length: 4 }, () => [0, 0]));
    const rows = { tokens: [[0, 1, 1, 1], [0, 0, 1, 1]], mask: [[0, 1, 1, 1], [0, 0, 1, 1]] }; // prettier-ignore
    await expectValues(completionLogProbs<X>(tensor(flat), rows), [-3 * Math.LN2, -2 * Math.LN2], 4);
  });

  it('leaks nothing, whatever is plain', () => {
    const [x, t, m] = [tensor(logits), ints(tokens), tensor(mask)];
    for (const batch of [{ tokens: t, mask: m }, { tokens, mask }, { tokens: t, mask }, { labels: hfLabels }])
      expectNoLeak(() => completionLogProbs<X>(x, batch, { reduction: 'mean' }));
  });

  it('names bad input', () => {
    const [x, t, m, flat] = [tensor(logits), ints(tokens), tensor(mask), tensor([1])];
    const fn = 'completionLogProbs:';
    const form = 'expected { tokens, mask } or { labels }';
    const call =
      (batch: X, options: X = {}) =>
      () =>
        completionLogProbs<X>(x, batch, options);
    expectError(call(undefined), TypeError, `${fn} batch is undefined, ${form}`);
    expectError(call(t), TypeError, `${fn} batch is ${Array.isArray(t) ? 'a list' : 'a value of type Tensor'}, ${form}`);
    expectError(call({ tokens: t }), TypeError, `${fn} batch lacks mask, ${form}`);
    expectError(call({ labels: t, mask: m }), RangeError, `${fn} mask would be ignored next to labels`);
    expectError(call({ tokens: t, mask: m }, { ignoreIndex: -1 }), RangeError, `${fn} ignoreIndex would be ignored without labels`);
    expectError(
      call({ tokens: [[1, 2]], mask: m }),
      RangeError,
      `${fn} tokens has shape [1, 2], expected [3, 5] like logits without the last axis`,
    );
    expectError(
      call({ tokens: t, mask: [[1, 1]] }),
      RangeError,
      `${fn} mask has shape [1, 2], expected [3, 5] like logits without the last axis`,
    );
    expectError(call({ tokens, mask: 'x' }), TypeError, `${fn} mask is not a tensor: no registered engine owns "x"`);
    expectError(call({ tokens, mask }, { reduction: 'max' }), RangeError, `${fn} reduction must be one of "sum", "mean", got "max"`);
    expectError(
      call({ tokens, mask }, { temperature: 2 }),
      RangeError,
      `${fn} unknown option temperature, expected reduction, ignoreIndex`,
    );
    expectError(() => completionLogProbs<X>(flat, { tokens, mask }), RangeError, `${fn} logits has shape [1], expected rank 3`);
    expectError(
      () => completionLogProbs<X, X>({ hidden: x } as X, { tokens, mask }),
      TypeError,
      'linearTokenLogProbs: head lacks weight, expected { hidden, weight }',
    );
  });

  const bad: [string, Nested, Nested, string][] = [
    ['a mask that was shifted before', tokens, [[0, 1, 1, 1, 0], [1, 1, 0, 0, 0], [0, 0, 0, 0, 0]], 'the first token of row 1 counts, but no logits predict it; tokens must not be shifted'], // prettier-ignore
    [
      'a counted token outside the vocabulary',
      [[1, 2, 3, 4, 7], ...tokens.slice(1)],
      mask,
      'value 4 of tokens counts, so it must be an integer in [0, 7), got 7',
    ],
    [
      'a counted token that is an ignored label',
      [[1, 2, -100, 4, 5], ...tokens.slice(1)],
      mask,
      'value 2 of tokens counts, so it must be an integer in [0, 7), got -100',
    ],
  ];
  it.each(bad)('refuses %s, or gives NaN where tensors cannot be read', async (_, badTokens, badMask, message) => {
    const x = tensor(logits);
    expectError(() => completionLogProbs<X>(x, { tokens: badTokens, mask: badMask } as X), RangeError, `completionLogProbs: ${message}`);
    const batch = { tokens: ints(badTokens), mask: tensor(badMask) };
    if (isReadable) {
      expectError(() => completionLogProbs<X>(x, batch), RangeError, `completionLogProbs: ${message}`);
    } else {
      const values = (await read(completionLogProbs<X>(x, batch))) as number[];
      const row = message.includes('row 1') ? 1 : 0;
      expect(values.map(Number.isNaN)).toEqual([row === 0, row === 1, false]);
    }
  });
});
