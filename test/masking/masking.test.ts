import { describe, expect, it } from 'vitest';
import {
  backendOf,
  completionMask,
  IGNORE_INDEX,
  labelsFromMask,
  maskedMean,
  maskedSum,
  maskFromLabels,
  shiftLabels,
} from '../../src/index.js';
import {
  expectError,
  expectGradients,
  expectNoLeak,
  expectValues,
  ints,
  isArrays,
  isReadable,
  read,
  tensor,
  type X,
} from '../support/engine.js';
import { weight } from '../support/samples.js';

const tokens = [
  [5, 6, 7, 8],
  [1, 2, 0, 0],
];

describe('shiftLabels', () => {
  it('moves each row to the left and ignores its last place', async () => {
    await expectValues(shiftLabels(ints(tokens)), [
      [6, 7, 8, -100],
      [2, 0, 0, -100],
    ]);
    await expectValues(shiftLabels(ints([[5], [6]])), [[-100], [-100]]);
    await expectValues(shiftLabels(ints(tokens), { ignoreIndex: -1 }), [
      [6, 7, 8, -1],
      [2, 0, 0, -1],
    ]);
  });

  // Plain numbers have no kind.
  it.skipIf(isArrays)('keeps integers', () => {
    expect(backendOf<X>(ints(1)).dtype(shiftLabels(ints(tokens)))).toBe('int');
  });

  it('leaks nothing, and names bad input', () => {
    const [x, flat] = [ints(tokens), ints([1, 2])];
    expectNoLeak(() => shiftLabels(x));
    expectError(() => shiftLabels(flat), RangeError, 'shiftLabels: labels has shape [2], expected rank 2');
    expectError(() => shiftLabels(x, { ignoreIndex: 0.5 }), RangeError, 'shiftLabels: ignoreIndex must be an integer, got 0.5');
  });
});

describe('labelsFromMask and maskFromLabels', () => {
  const mask = [
    [0, 1, 1, 0],
    [1, 0, 0, 0],
  ];
  const labels = [
    [-100, 6, 7, -100],
    [1, -100, -100, -100],
  ];

  it("are each other's inverse", async () => {
    expect(IGNORE_INDEX).toBe(-100);
    await expectValues(labelsFromMask<X>(ints(tokens), tensor(mask)), labels);
    await expectValues(labelsFromMask<X>(ints(tokens), tensor(mask, 'bool')), labels);
    await expectValues(labelsFromMask<X>(ints(tokens), ints(mask)), labels);
    await expectValues(maskFromLabels<X>(ints(labels)), mask);
  });

  it('take another ignored label', async () => {
    const own = labels.map((row) => row.map((l) => (l === -100 ? -7 : l)));
    await expectValues(labelsFromMask<X>(ints(tokens), tensor(mask), { ignoreIndex: -7 }), own);
    await expectValues(maskFromLabels<X>(ints(own), { ignoreIndex: -7 }), mask);
  });

  // Plain numbers have no kind.
  it.skipIf(isArrays)('give integers, and floats', () => {
    const engine = backendOf<X>(ints(1));
    expect(engine.dtype(labelsFromMask<X>(ints(tokens), tensor(mask)))).toBe('int');
    expect(engine.dtype(maskFromLabels<X>(ints(labels)))).toBe('float');
  });

  it('leak nothing, and name bad input', () => {
    const [x, m, short] = [
      ints(tokens),
      tensor(mask),
      tensor([
        [1, 0],
        [0, 1],
      ]),
    ];
    expectNoLeak(() => labelsFromMask(x, m));
    expectNoLeak(() => maskFromLabels(x));
    expectError(() => labelsFromMask(x, short), RangeError, 'labelsFromMask: mask has shape [2, 2], expected [2, 4] like tokens');
    expectError(() => maskFromLabels(x, { ignoreIndex: NaN }), RangeError, 'maskFromLabels: ignoreIndex must be an integer, got NaN');
    expectError(
      () => labelsFromMask(x, m, { index: 1 } as never),
      RangeError,
      'labelsFromMask: unknown option index, expected ignoreIndex',
    );
  });
});

describe('completionMask', () => {
  it('counts the completion, not the prompt and not the padding', async () => {
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
});

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

  it('reduce what the mask counts, over all or one axis', async () => {
    await expectValues(maskedSum<X>(tensor(x), tensor(mask)), 10, 8);
    await expectValues(maskedSum<X>(tensor(x), tensor(mask), -1), [5, 5, 0], 8);
    await expectValues(maskedSum<X>(tensor(x), tensor(mask), 0), [1, 5, 4], 8);
    await expectValues(maskedMean<X>(tensor(x), tensor(mask)), 10 / 3, 8);
    await expectValues(maskedMean<X>(tensor(x), tensor(mask), -1), [2.5, 5, 0], 8);
    await expectValues(maskedMean<X>(tensor(x), tensor(mask), 0), [1, 5, 4], 8);
  });

  it('give 0 with zero gradient where nothing counts', async () => {
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

  it('take a single value', async () => {
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

  it.skipIf(isReadable)('turn the result into NaN where it cannot', async () => {
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
});

describe.skipIf(isReadable)('where values cannot be read', () => {
  it('spans that do not fit become NaN', async () => {
    const spans = { promptLengths: ints([1, -3, 3, 0]), lengths: ints([3, 4, 2, 9]) };
    expect(await read(completionMask<X>(spans, 4))).toEqual([[0, 1, 1, 0], ...Array<number[]>(3).fill([NaN, NaN, NaN, NaN])]);
  });

  it('a mask that is neither 0 nor 1 gives a label that no vocabulary has', async () => {
    const labels = await read(labelsFromMask<X>(ints([[5, 6, 7, 8]]), tensor([[1, 0, 0.5, 2]])));
    expect(labels).toEqual([[5, -100, -(2 ** 31), -(2 ** 31)]]);
  });
});
