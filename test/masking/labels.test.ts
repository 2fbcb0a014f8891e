import { describe, expect, it } from 'vitest';
import { backendOf, IGNORE_INDEX, labelsFromMask, maskFromLabels, shiftLabels } from '../../src/index.js';
import { expectError, expectNoLeak, expectValues, ints, isArrays, isReadable, read, tensor, type X } from '../support/engine.js';

const tokens = [
  [5, 6, 7, 8],
  [1, 2, 0, 0],
];

describe('shiftLabels', () => {
  it('shifts each row to the left and ignores its last place', async () => {
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

  // Plain numbers have no dtype.
  it.skipIf(isArrays)('returns integers', () => {
    expect(backendOf<X>(ints(1)).dtype(shiftLabels(ints(tokens)))).toBe('int');
  });

  it('leaks nothing, and names bad input', () => {
    const [x, flat] = [ints(tokens), ints([1, 2])];
    expectNoLeak(() => shiftLabels(x));
    expectError(() => shiftLabels<X>(undefined), TypeError, 'shiftLabels: labels is not a tensor: no registered engine owns undefined');
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

  it('convert a mask to labels and back', async () => {
    expect(IGNORE_INDEX).toBe(-100);
    await expectValues(labelsFromMask<X>(ints(tokens), tensor(mask)), labels);
    await expectValues(labelsFromMask<X>(ints(tokens), tensor(mask, 'bool')), labels);
    await expectValues(labelsFromMask<X>(ints(tokens), ints(mask)), labels);
    await expectValues(maskFromLabels<X>(ints(labels)), mask);
  });

  it('accept another ignored label', async () => {
    const own = labels.map((row) => row.map((l) => (l === -100 ? -7 : l)));
    await expectValues(labelsFromMask<X>(ints(tokens), tensor(mask), { ignoreIndex: -7 }), own);
    await expectValues(maskFromLabels<X>(ints(own), { ignoreIndex: -7 }), mask);
  });

  // Plain numbers have no dtype.
  it.skipIf(isArrays)('return integers and floats', () => {
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
    const none = 'is not a tensor: no registered engine owns undefined';
    expectError(() => labelsFromMask<X>(undefined, x), TypeError, `labelsFromMask: tokens ${none}`);
    expectError(() => maskFromLabels<X>(undefined), TypeError, `maskFromLabels: labels ${none}`);
    expectError(() => labelsFromMask(x, short), RangeError, 'labelsFromMask: mask has shape [2, 2], expected [2, 4] like tokens');
    expectError(() => maskFromLabels(x, { ignoreIndex: NaN }), RangeError, 'maskFromLabels: ignoreIndex must be an integer, got NaN');
    expectError(
      () => labelsFromMask(x, m, { index: 1 } as never),
      RangeError,
      'labelsFromMask: unknown option index, expected ignoreIndex',
    );
  });

  it.skipIf(isReadable)('give a label out of range for any vocabulary where a bad mask cannot be read', async () => {
    const labels = await read(labelsFromMask<X>(ints([[5, 6, 7, 8]]), tensor([[1, 0, 0.5, 2]])));
    expect(labels).toEqual([[5, -100, -(2 ** 31), -(2 ** 31)]]);
  });
});
