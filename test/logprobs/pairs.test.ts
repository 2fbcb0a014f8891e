import { describe, expect, it } from 'vitest';
import { concatPairs, dpo, gatherPairs, logRatioMargin, splitPairs } from '../../src/index.js';
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
import { delta, four, fromFour, pairLogps, weight } from '../support/samples.js';

describe('splitPairs and concatPairs', () => {
  it('are inverse to each other, with the chosen rows first', async () => {
    const { chosen, rejected } = splitPairs<X>(tensor([1, 2, 3, 4]));
    await expectValues(chosen, [1, 2]);
    await expectValues(rejected, [3, 4]);
    await expectValues(concatPairs<X>({ chosen, rejected }), [1, 2, 3, 4]);
  });

  it('accept rows of any rank and dtype', async () => {
    const { chosen, rejected } = splitPairs<X>(
      ints([
        [1, 2],
        [3, 4],
      ]),
    );
    await expectValues(chosen, [[1, 2]]);
    await expectValues(rejected, [[3, 4]]);
    await expectValues(concatPairs<X>({ chosen, rejected }), [
      [1, 2],
      [3, 4],
    ]);
  });

  it('split and join the gradient', async () => {
    await expectGradients((x) => splitPairs<X>(x).rejected as X, [[1, 2, 3, 4]], [[0, 0, weight(0), weight(1)]]);
    await expectGradients((a, b) => concatPairs<X>({ chosen: a, rejected: b }), [[1], [2]], [[weight(0)], [weight(1)]]);
  });

  it('leak nothing, and name bad input', () => {
    const [x, three, zero] = [tensor([1, 2]), tensor([1, 2, 3]), tensor(1)];
    expectNoLeak(() => splitPairs(x), 2);
    expectNoLeak(() => concatPairs({ chosen: x, rejected: x }));
    expectError(() => splitPairs(three), RangeError, 'splitPairs: x has shape [3], expected an even number of rows, chosen first');
    const odd = tensor([[1, 2], [3, 4], [5, 6]]); // prettier-ignore
    expectError(() => splitPairs(odd), RangeError, 'splitPairs: x has shape [3, 2], expected an even number of rows, chosen first');
    expectError(() => splitPairs(undefined), TypeError, 'splitPairs: x is not a tensor: no registered engine owns undefined');
    expectError(
      () => concatPairs({ chosen: 'a', rejected: x } as never),
      TypeError,
      'concatPairs: chosen is not a tensor: no registered engine owns "a"',
    );
    expectError(() => splitPairs(zero), RangeError, 'splitPairs: x has shape [], expected an even number of rows, chosen first');
    expectError(
      () => concatPairs({ chosen: x, rejected: three }),
      RangeError,
      'concatPairs: rejected has shape [3], expected [2] like chosen',
    );
    expectError(
      () => concatPairs({ chosen: zero, rejected: zero }),
      RangeError,
      'concatPairs: chosen has shape [], expected at least rank 1',
    );
    expectError(() => concatPairs({ chosen: x } as never), TypeError, 'concatPairs: pair lacks rejected, expected { chosen, rejected }');
  });
});

describe('gatherPairs', () => {
  const x = [-1, -2, -3, -4];

  it('pairs by index tensors or lists, also if an example repeats', async () => {
    for (const indices of [
      { chosen: [0, 0, 3], rejected: [1, 2, 0] },
      { chosen: ints([0, 0, 3]), rejected: ints([1, 2, 0]) },
    ]) {
      const { chosen, rejected } = gatherPairs<X, X>(tensor(x), indices);
      await expectValues(chosen, [-1, -1, -4]);
      await expectValues(rejected, [-2, -3, -1]);
    }
  });

  it('equals splitPairs in a loss, in value and gradient', async () => {
    const indices = { chosen: [0, 1], rejected: [2, 3] };
    const reference = tensor([-1.5, -1, -2, -5]);
    const indexed = (v: X) => dpo<X>({ policy: gatherPairs<X>(v, indices), reference: gatherPairs<X>(reference, indices) });
    const paired = (v: X) => dpo<X>({ policy: splitPairs<X>(v), reference: splitPairs<X>(reference) });
    await expectValues(indexed(tensor(x)), (await read(paired(tensor(x)))) as number[]);
    const h = [0.1 * (0.5 - -1), 0.1 * (-1 - 1)];
    const g = h.map((v, i) => (-0.1 * weight(i)) / (1 + Math.exp(v)));
    for (const f of [indexed, paired]) await expectGradients(f, [x], [[g[0]!, g[1]!, -g[0]!, -g[1]!]]);
  });

  it('adds up the gradients of an example that repeats', async () => {
    const f = (v: X) => gatherPairs<X>(v, { chosen: [0, 0], rejected: [1, 2] }).chosen as X;
    await expectGradients(f, [x], [[weight(0) + weight(1), 0, 0, 0]]);
  });

  it('leaks nothing, and names bad input', () => {
    const t = tensor(x);
    expectNoLeak(() => gatherPairs(t, { chosen: [0], rejected: [1] }), 2);
    expectError(
      () => gatherPairs(t, { chosen: [0, 1], rejected: [2] }),
      RangeError,
      'gatherPairs: indices.rejected has shape [1], expected [2] like indices.chosen',
    );
    expectError(
      () => gatherPairs(t, { chosen: [4], rejected: [0] }),
      RangeError,
      'gatherPairs: value 0 of indices.chosen must be an integer in [0, 4), got 4',
    );
    expectError(
      () => gatherPairs(t, { chosen: [0], rejected: [-1] }),
      RangeError,
      'gatherPairs: value 0 of indices.rejected must be an integer in [0, 4), got -1',
    );
    expectError(
      () => gatherPairs(t, { chosen: [0.5], rejected: [1] }),
      RangeError,
      'gatherPairs: value 0 of indices.chosen must be an integer in [0, 4), got 0.5',
    );
    expectError(
      () => gatherPairs(t, { chosen: [0] } as never),
      TypeError,
      'gatherPairs: indices lacks rejected, expected { chosen, rejected }',
    );
    expectError(
      () => gatherPairs<X>(undefined, { chosen: [0], rejected: [0] }),
      TypeError,
      'gatherPairs: x is not a tensor: no registered engine owns undefined',
    );
    const zero = tensor(1);
    expectError(
      () => gatherPairs(zero, { chosen: [0], rejected: [0] }),
      RangeError,
      'gatherPairs: x has shape [], expected at least rank 1',
    );
  });

  // Plain numbers have no dtype.
  it.skipIf(isArrays)('names indices that are floats', () => {
    const [t, i] = [tensor(x), tensor([0])];
    expectError(
      () => gatherPairs<X, X>(t, { chosen: i, rejected: i }),
      TypeError,
      'gatherPairs: indices.chosen has dtype float, expected int',
    );
  });

  it.skipIf(isReadable)('gives NaN for an index out of range where it cannot be read', async () => {
    const { chosen } = gatherPairs<X, X>(tensor(x), { chosen: ints([0, 4, -1]), rejected: ints([1, 1, 1]) });
    expect(((await read(chosen)) as number[]).map(Number.isNaN)).toEqual([false, true, true]);
  });
});

describe('logRatioMargin', () => {
  it('is Delta', async () => {
    await expectValues(logRatioMargin(pairLogps()), delta, 8);
  });

  it('has a gradient for each input', async () => {
    const g = [0, 1, 2].map(weight);
    const minus = g.map((v) => -v);
    await expectGradients((a: X, b: X, c: X, d: X) => logRatioMargin<X>(fromFour(a, b, c, d)), four, [g, minus, minus, g]);
  });

  it('keeps the digits of close log-probs', async () => {
    const near = { policy: { chosen: [-400 + 2 ** -10], rejected: [-400] }, reference: { chosen: [-400], rejected: [-400] } };
    await expectValues(logRatioMargin(pairLogps(near)), [2 ** -10], 0);
  });

  it('leaks nothing, and names bad input', () => {
    const x = pairLogps();
    expectNoLeak(() => logRatioMargin(x));
    const one = tensor([1]);
    expectError(
      () => logRatioMargin({ ...x, reference: { ...x.reference, rejected: one } }),
      RangeError,
      'logRatioMargin: reference.rejected has shape [1], expected [3] like policy.chosen',
    );
  });
});
