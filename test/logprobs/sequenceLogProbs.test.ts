import { describe, expect, it } from 'vitest';
import { sequenceLogProbs, type Nested } from '../../src/index.js';
import { expectError, expectGradients, expectNoLeak, expectValues, ints, isReadable, read, tensor, type X } from '../support/engine.js';
import { weight } from '../support/samples.js';

const logps = [
  [-1, -2, -4],
  [-3, -5, NaN],
  [-7, -7, -7],
];

const mask = [
  [1, 0, 1],
  [1, 1, 0],
  [0, 0, 0],
];

describe('sequenceLogProbs', () => {
  it('sums or averages counted tokens, and is 0 for a row without any', async () => {
    await expectValues(sequenceLogProbs(tensor(logps), tensor(mask)), [-5, -8, 0], 8);
    await expectValues(sequenceLogProbs(tensor(logps), tensor(mask), { reduction: 'mean' }), [-2.5, -4, 0], 8);
  });

  it('accepts integer and boolean masks', async () => {
    await expectValues(sequenceLogProbs(tensor(logps), ints(mask)), [-5, -8, 0], 8);
    await expectValues(sequenceLogProbs(tensor(logps), tensor(mask, 'bool'), { reduction: 'mean' }), [-2.5, -4, 0], 8);
  });

  it('has the mask as gradient, 0 for a row without counted tokens', async () => {
    const finite = [
      [-1, -2, -4],
      [-3, -5, -6],
      [-7, -7, -7],
    ];
    await expectGradients((x) => sequenceLogProbs<X>(x, tensor(mask)), [finite], [mask.map((row, i) => row.map((m) => weight(i) * m))]);
    await expectGradients(
      (x) => sequenceLogProbs<X>(x, tensor(mask), { reduction: 'mean' }),
      [finite],
      [mask.map((row, i) => row.map((m) => (weight(i) * m) / 2))],
    );
  });

  it('gives the same for a masked token as for a removed one', async () => {
    await expectValues(sequenceLogProbs(tensor([[-1, -4]]), tensor([[1, 1]]), { reduction: 'mean' }), [-2.5], 4);
    await expectValues(sequenceLogProbs(tensor([[-1, -9, -4]]), tensor([[1, 0, 1]]), { reduction: 'mean' }), [-2.5], 4);
  });

  it('leaks nothing, and names bad input', () => {
    const [x, m, flat] = [tensor(logps), tensor(mask), tensor([1, 2, 3])];
    expectNoLeak(() => sequenceLogProbs(x, m, { reduction: 'mean' }));
    expectError(() => sequenceLogProbs(x, flat), RangeError, 'sequenceLogProbs: mask has shape [3], expected [3, 3] like logps');
    expectError(() => sequenceLogProbs(flat, flat), RangeError, 'sequenceLogProbs: logps has shape [3], expected rank 2');
    expectError(
      () => sequenceLogProbs(x, m, { reduction: 'max' } as never),
      RangeError,
      'sequenceLogProbs: reduction must be one of "sum", "mean", got "max"',
    );
    expectError(
      () => sequenceLogProbs(x, m, { reduction: 3 } as never),
      RangeError,
      'sequenceLogProbs: reduction must be one of "sum", "mean", got a number',
    );
  });
});

const weights = [
  [0.5, 7, 2],
  [1, 0, 3],
  [1, 1, 1],
];

describe('sequenceLogProbs with weights', () => {
  const wild = [
    [-1, -2, -4],
    [-3, -Infinity, NaN],
    [-7, -7, -7],
  ];
  const finite = [
    [-1, -2, -4],
    [-3, -5, -6],
    [-7, -7, -7],
  ];

  it('sums and averages with them, and skips tokens of weight 0 whatever they hold', async () => {
    for (const own of [tensor(weights), weights, weights.map((row) => Float32Array.from(row))]) {
      for (const m of [tensor(mask), mask, tensor(mask, 'bool')]) {
        await expectValues(sequenceLogProbs<X>(tensor(wild), m, { weights: own }), [-8.5, -3, 0], 8);
        await expectValues(sequenceLogProbs<X>(tensor(wild), m, { weights: own, reduction: 'mean' }), [-8.5 / 2.5, -3, 0], 8);
      }
    }
  });

  it('has exactly the values without weights if all are 1', async () => {
    const x = tensor(logps.map((row, i) => row.map((v, t) => v / 3 + i / 7 + t / 11)));
    const ones = mask.map((row) => row.map(() => 1));
    for (const reduction of ['sum', 'mean'] as const)
      expect(await read(sequenceLogProbs<X>(x, tensor(mask), { reduction, weights: ints(ones) }))).toEqual(
        await read(sequenceLogProbs<X>(x, tensor(mask), { reduction })),
      );
  });

  it('is 0 with zero gradient where all weights are 0', async () => {
    const none = mask.map((row) => row.map(() => 0));
    for (const reduction of ['sum', 'mean'] as const) {
      const f = (x: X): X => sequenceLogProbs<X>(x, tensor(mask), { reduction, weights: tensor(none) });
      await expectValues(f(tensor(wild)), [0, 0, 0]);
      await expectGradients(f, [finite], [none]);
    }
  });

  it('has the weights of counted tokens as gradient, and gives the weights none', async () => {
    const slope = (size: (i: number) => number) => mask.map((row, i) => row.map((m, t) => (weight(i) * m * weights[i]![t]!) / size(i)));
    await expectGradients((x) => sequenceLogProbs<X>(x, tensor(mask), { weights }), [finite], [slope(() => 1)]);
    await expectGradients(
      (x) => sequenceLogProbs<X>(x, tensor(mask), { weights: tensor(weights), reduction: 'mean' }),
      [finite],
      [slope((i) => [2.5, 1, 1][i]!)],
    );
  });

  const bad: [string, Nested, string][] = [
    ['negative', [[1, 1, -1], [1, 1, 1], [1, 1, 1]], 'value 2 of weights must be finite and >= 0, got -1'], // prettier-ignore
    ['NaN', [[1, 1, NaN], [1, 1, 1], [1, 1, 1]], 'value 2 of weights must be finite and >= 0, got NaN'], // prettier-ignore
    ['infinite', [[1, 1, Infinity], [1, 1, 1], [1, 1, 1]], 'value 2 of weights must be finite and >= 0, got Infinity'], // prettier-ignore
  ];
  it.each(bad)('refuses %s weights, or gives NaN where tensors cannot be read', async (_, own, message) => {
    const [x, m, w] = [tensor(finite), tensor(mask), tensor(own)];
    expectError(() => sequenceLogProbs<X>(x, m, { weights: own as number[][] }), RangeError, `sequenceLogProbs: ${message}`);
    if (isReadable) expectError(() => sequenceLogProbs<X>(x, m, { weights: w }), RangeError, `sequenceLogProbs: ${message}`);
    else {
      const values = (await read(sequenceLogProbs<X>(x, m, { weights: w }))) as number[];
      expect(values.map(Number.isNaN)).toEqual([true, false, false]);
    }
  });

  it('leaks nothing, and names weights of another shape', () => {
    const [x, m, w] = [tensor(finite), tensor(mask), tensor(weights)];
    expectNoLeak(() => sequenceLogProbs<X>(x, m, { weights: w, reduction: 'mean' }));
    expectNoLeak(() => sequenceLogProbs<X>(x, mask, { weights }));
    expectError(
      () => sequenceLogProbs<X>(x, m, { weights: [[1, 1]] }),
      RangeError,
      'sequenceLogProbs: weights has shape [1, 2], expected [3, 3] like logps',
    );
  });
});

describe('sequenceLogProbs with segments', () => {
  const packed = [
    [-1, -2, -3, -4, -5, NaN],
    [-6, -7, NaN, -8, NaN, NaN],
  ];
  const counts = [
    [0, 1, 0, 1, 1, 0],
    [1, 1, 0, 1, 0, 0],
  ];
  const segments = [
    [1, 1, 2, 2, 2, 0],
    [1, 1, 1, 2, 3, 0],
  ];
  const none = { segments, count: 3 };

  it('sums and averages each segment, and is 0 for one without counted tokens or that a row lacks', async () => {
    for (const own of [none, { segments: ints(segments), count: 3 }]) {
      await expectValues(sequenceLogProbs<X>(tensor(packed), tensor(counts), own), [[-2, -9, 0], [-13, -8, 0]], 8); // prettier-ignore
      const mean = sequenceLogProbs<X>(tensor(packed), counts, { ...own, reduction: 'mean' });
      await expectValues(mean, [[-2, -4.5, 0], [-6.5, -8, 0]], 8); // prettier-ignore
    }
  });

  it('takes one more segment than any row has, weights, labels, and segments that were shifted', async () => {
    const shifted = segments.map((row) => [...row.slice(1), 0]);
    const early = { segments: shifted, count: 4 };
    const fewer = [[1, 0, 0, 1, 0, 0], [1, 1, 0, 0, 0, 0]]; // prettier-ignore
    await expectValues(sequenceLogProbs<X>(tensor(packed), fewer, early), [[-1, -4, 0, 0], [-13, 0, 0, 0]], 8); // prettier-ignore
    const own = counts.map((row) => row.map((_, t) => t / 2));
    const labels = counts.map((row) => row.map((m) => (m === 1 ? 3 : -100)));
    const mean = sequenceLogProbs<X>(tensor(packed), tensor(counts), { ...none, weights: own, labels, reduction: 'mean' });
    await expectValues(mean, [[-2, -(1.5 * 4 + 2 * 5) / 3.5, 0], [-7, -8, 0]], 8); // prettier-ignore
  });

  it('has the mask of each segment as gradient', async () => {
    const finite = packed.map((row) => row.map((v) => (Number.isNaN(v) ? -9 : v)));
    const slope = counts.map((row, b) => row.map((m, t) => (m === 0 ? 0 : weight(3 * b + segments[b]![t]! - 1))));
    await expectGradients((x) => sequenceLogProbs<X>(x, tensor(counts), { segments: ints(segments), count: 3 }), [finite], [slope]);
  });

  const bad: [string, number[][], number, string][] = [
    ['a segment in two pieces', [[1, 1, 2, 1, 0, 0], [1, 1, 1, 2, 3, 0]], 3, 'segments has 1 at place 3 of row 0, expected 2, 3 or 0'], // prettier-ignore
    ['a segment in two pieces with padding between', [[1, 1, 0, 1, 0, 0], [1, 1, 1, 2, 3, 0]], 3, 'segments has 1 at place 3 of row 0, expected 2 or 0'], // prettier-ignore
    ['a first segment that is not 1', [[2, 2, 2, 2, 2, 0], [1, 1, 1, 2, 3, 0]], 3, 'segments has 2 at place 0 of row 0, expected 1 or 0'], // prettier-ignore
    ['a number left out', [[1, 1, 3, 3, 3, 0], [1, 1, 1, 2, 3, 0]], 3, 'segments has 3 at place 2 of row 0, expected 1, 2 or 0'], // prettier-ignore
    ['a count that is too small', [[1, 2, 3, 3, 3, 0], [1, 1, 1, 2, 2, 0]], 2, 'segments has 3 at place 2 of row 0, expected at most 2, the count'], // prettier-ignore
    ['a counted token in padding', [[1, 1, 2, 2, 0, 0], [1, 1, 1, 2, 3, 0]], 3, 'place 4 of row 0 counts, but is padding in segments'], // prettier-ignore
  ];
  it.each(bad)('refuses %s, or gives NaN where tensors cannot be read', async (_, own, count, message) => {
    const [x, m, s] = [tensor(packed), tensor(counts), ints(own)];
    expectError(() => sequenceLogProbs<X>(x, counts, { segments: own, count }), RangeError, `sequenceLogProbs: ${message}`);
    if (isReadable) expectError(() => sequenceLogProbs<X>(x, m, { segments: s, count }), RangeError, `sequenceLogProbs: ${message}`);
    else {
      const values = (await read(sequenceLogProbs<X>(x, m, { segments: s, count }))) as number[][];
      expect(values.map((row) => row.map(Number.isNaN))).toEqual([new Array(count).fill(true), new Array(count).fill(false)]);
    }
  });

  it('leaks nothing, and names bad input', () => {
    const [x, m, s] = [tensor(packed), tensor(counts), ints(segments)];
    expectNoLeak(() => sequenceLogProbs<X>(x, m, { segments: s, count: 3, reduction: 'mean' }));
    expectNoLeak(() => sequenceLogProbs<X>(x, counts, none));
    const call = (options: object) => () => sequenceLogProbs<X>(x, m, options);
    expectError(call({ segments }), TypeError, 'sequenceLogProbs: count is undefined, expected a number');
    expectError(call({ segments, count: 0 }), RangeError, 'sequenceLogProbs: count must be an integer >= 1, got 0');
    expectError(call({ count: 2 }), RangeError, 'sequenceLogProbs: count would be ignored without segments');
    const other = 'sequenceLogProbs: segments has shape [1, 2], expected [2, 6] like logps';
    expectError(call({ segments: [[1, 1]], count: 1 }), RangeError, other);
  });
});
