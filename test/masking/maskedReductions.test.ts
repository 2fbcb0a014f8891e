import { describe, expect, it } from 'vitest';
import { maskedMean, maskedSum } from '../../src/index.js';
import { expectError, expectGradients, expectNoLeak, expectValues, isReadable, read, tensor, type X } from '../support/engine.js';
import { weight } from '../support/samples.js';

describe('maskedSum and maskedMean', () => {
  const x = [
    [1, 2, 4],
    [NaN, 5, -Infinity],
    [NaN, NaN, NaN],
  ];
  const mask = [
    [1, 0, 1],
    [0, 1, 0],
    [0, 0, 0],
  ];

  it('reduce the values whose mask is 1, over all axes or one axis', async () => {
    await expectValues(maskedSum<X>(tensor(x), tensor(mask)), 10, 8);
    await expectValues(maskedSum<X>(tensor(x), tensor(mask), -1), [5, 5, 0], 8);
    await expectValues(maskedSum<X>(tensor(x), tensor(mask), 0), [1, 5, 4], 8);
    await expectValues(maskedMean<X>(tensor(x), tensor(mask)), 10 / 3, 8);
    await expectValues(maskedMean<X>(tensor(x), tensor(mask), -1), [2.5, 5, 0], 8);
    await expectValues(maskedMean<X>(tensor(x), tensor(mask), 0), [1, 5, 4], 8);
  });

  it('are 0 with zero gradient if all masks are 0', async () => {
    const none = [
      [0, 0],
      [0, 0],
    ];
    await expectValues(
      maskedMean<X>(
        tensor([
          [NaN, 1],
          [2, Infinity],
        ]),
        tensor(none),
      ),
      0,
    );
    const [values, first] = [[[1, 2], [3, 4]], [[1, 1], [0, 0]]]; // prettier-ignore
    const [w, zero] = [weight(0), [0, 0]];
    await expectGradients((v) => maskedMean<X>(v, tensor(none)), [values], [none]);
    await expectGradients((v) => maskedMean<X>(v, tensor(first), -1), [values], [[[w / 2, w / 2], zero]]);
    await expectGradients((v) => maskedSum<X>(v, tensor(first), -1), [values], [[[w, w], zero]]);
  });

  it('accept a single value', async () => {
    await expectValues(maskedMean<X>(tensor([3]), tensor([1])), 3);
  });

  it('leak nothing, and name bad input', () => {
    const [v, m, row] = [
      tensor([
        [1, 2],
        [3, 4],
      ]),
      tensor([
        [1, 0],
        [1, 1],
      ]),
      tensor([1, 1]),
    ];
    expectNoLeak(() => maskedSum(v, m, -1));
    expectNoLeak(() => maskedMean(v, m));
    expectError(() => maskedMean(v, row), RangeError, 'maskedMean: mask has shape [2], expected [2, 2] like x');
    expectError(() => maskedSum(v, m, 2), RangeError, 'maskedSum: axis must be an integer in [-2, 2), got 2');
    expectError(() => maskedSum(v, m, 0.5), RangeError, 'maskedSum: axis must be an integer in [-2, 2), got 0.5');
  });

  it.runIf(isReadable)('name a mask that holds anything but 0 and 1, where it can be read', () => {
    const [v, m] = [tensor([1, 2]), tensor([1, 0.5])];
    expectError(() => maskedMean(v, m), RangeError, 'maskedMean: value 1 of mask must be 0 or 1, got 0.5');
  });

  it.skipIf(isReadable)('are NaN for such a mask where it cannot be read', async () => {
    const [v, m] = [
      tensor([
        [1, 2],
        [3, 4],
      ]),
      tensor([
        [1, 0.5],
        [1, 0],
      ]),
    ];
    expect(((await read(maskedMean<X>(v, m, -1))) as number[]).map(Number.isNaN)).toEqual([true, false]);
    expect(((await read(maskedSum<X>(v, m, -1))) as number[]).map(Number.isNaN)).toEqual([true, false]);
  });

  it('accept negative axes', async () => {
    const [v, m] = [tensor([[1, 2], [3, 4]]), tensor([[1, 0], [1, 1]])]; // prettier-ignore
    await expectValues(maskedSum<X>(v, m, -2), [4, 4], 4);
    await expectValues(maskedSum<X>(v, m, 0), [4, 4], 4);
    await expectValues(maskedSum<X>(v, m, -1), [1, 7], 4);
    const [odd, ones] = [tensor([[1, 2], [3, 4], [5, 6]]), tensor([[1, 1], [1, 1], [1, 1]])]; // prettier-ignore
    expectError(() => maskedSum<X>(odd, ones, { toString: 1 } as never), RangeError, 'maskedSum: axis must be an integer in [-2, 2), got a value of type Object'); // prettier-ignore
    for (const axis of [2, -3, 0.5]) {
      expectError(() => maskedSum<X>(odd, ones, axis), RangeError, `maskedSum: axis must be an integer in [-2, 2), got ${axis}`);
      expectError(() => maskedMean<X>(ones, ones, axis), RangeError, `maskedMean: axis must be an integer in [-2, 2), got ${axis}`);
    }
  });

  it('name missing arguments', () => {
    const none = 'is not a tensor: no registered engine owns undefined';
    const v = tensor([1, 2]);
    expectError(() => maskedSum<X>(undefined, v), TypeError, `maskedSum: x ${none}`);
    expectError(() => maskedMean<X>(v, undefined), TypeError, `maskedMean: mask ${none}`);
  });
});
