import { describe, expect, it } from 'vitest';
import { completionMask } from '../../src/index.js';
import { expectError, expectNoLeak, expectValues, ints, isArrays, isReadable, read, type X } from '../support/engine.js';

describe('completionMask', () => {
  it('is 1 on the completion, 0 on prompt and padding', async () => {
    const spans = { promptLengths: ints([1, 0, 3, 2]), lengths: ints([3, 4, 3, 4]) };
    await expectValues(completionMask<X>(spans, 4), [
      [0, 1, 1, 0],
      [1, 1, 1, 1],
      [0, 0, 0, 0],
      [0, 0, 1, 1],
    ]);
  });

  it('leaks nothing, and names bad input', () => {
    const spans = { promptLengths: ints([1, 2]), lengths: ints([3, 4]) };
    const one = ints([1]);
    expectNoLeak(() => completionMask(spans, 4));
    for (const time of [0, 1.5, NaN])
      expectError(() => completionMask(spans, time), RangeError, `completionMask: time must be an integer > 0, got ${time}`);
    expectError(
      () => completionMask({ ...spans, promptLengths: one }, 4),
      RangeError,
      'completionMask: promptLengths has shape [1], expected [2] like lengths',
    );
    expectError(
      () => completionMask({ lengths: one } as never, 4),
      TypeError,
      'completionMask: spans lacks promptLengths, expected { promptLengths, lengths }',
    );
  });

  it.runIf(isReadable)('names lengths out of range, where they can be read', () => {
    const spans = { promptLengths: ints([1, 2]), lengths: ints([3, 5]) };
    expectError(() => completionMask(spans, 4), RangeError, 'completionMask: value 1 of lengths must be an integer in [0, 4], got 5');
    const long = { promptLengths: ints([1, 4]), lengths: ints([3, 3]) };
    expectError(
      () => completionMask(long, 4),
      RangeError,
      'completionMask: value 1 of promptLengths must be an integer from 0 to the length of its row, got 4',
    );
  });

  it.skipIf(isReadable)('gives NaN for spans that do not fit, where they cannot be read', async () => {
    const spans = { promptLengths: ints([1, -3, 3, 0]), lengths: ints([3, 4, 2, 9]) };
    expect(await read(completionMask<X>(spans, 4))).toEqual([[0, 1, 1, 0], ...Array<number[]>(3).fill([NaN, NaN, NaN, NaN])]);
  });

  it('names lengths that are not a tensor', () => {
    const spans: X = { promptLengths: ints([[1, 2]]), lengths: 'a' };
    expectError(() => completionMask<X>(spans, 4), TypeError, 'completionMask: lengths is not a tensor: no registered engine owns "a"');
  });

  // Where values cannot be read, the result is NaN.
  it.runIf(isReadable)('names negative lengths, and lengths that are not integers', () => {
    const spansOf = (prompt: number[], lengths: number[]): X => ({ promptLengths: ints(prompt), lengths: ints(lengths) });
    const call = (x: X) => () => completionMask<X>(x, 3);
    const outside = 'must be an integer in [0, 3], got';
    const prompts = 'must be an integer from 0 to the length of its row, got';
    expectError(call(spansOf([0], [-1])), RangeError, `completionMask: value 0 of lengths ${outside} -1`);
    expectError(call(spansOf([-1], [1])), RangeError, `completionMask: value 0 of promptLengths ${prompts} -1`);
    // Plain numbers have no dtype, so their values are checked.
    if (!isArrays) return;
    expectError(call(spansOf([0], [1.5])), RangeError, `completionMask: value 0 of lengths ${outside} 1.5`);
    expectError(call(spansOf([0.5], [1])), RangeError, `completionMask: value 0 of promptLengths ${prompts} 0.5`);
  });
});
