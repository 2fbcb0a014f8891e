import { describe, it } from 'vitest';
import { concatPairs, gatherPairs, implicitRewards, logRatioMargin, dpo, ops, sequenceLogProbs, splitPairs } from '../../src/index.js';
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
import { delta, four, fromFour, pairLogps, sample, weight } from '../support/samples.js';
import { expect } from 'vitest';

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
  it('sums or averages what the mask counts; an empty row is 0', async () => {
    await expectValues(sequenceLogProbs(tensor(logps), tensor(mask)), [-5, -8, 0], 8);
    await expectValues(sequenceLogProbs(tensor(logps), tensor(mask), { reduction: 'mean' }), [-2.5, -4, 0], 8);
  });

  it('takes integer and boolean masks', async () => {
    await expectValues(sequenceLogProbs(tensor(logps), ints(mask)), [-5, -8, 0], 8);
    await expectValues(sequenceLogProbs(tensor(logps), tensor(mask, 'bool'), { reduction: 'mean' }), [-2.5, -4, 0], 8);
  });

  it('has the gradient of the mask, 0 for an empty row', async () => {
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

  it('a masked token equals a token removed', async () => {
    await expectValues(sequenceLogProbs(tensor([[-1, -4]]), tensor([[1, 1]]), { reduction: 'mean' }), [-2.5], 4);
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

describe('splitPairs and concatPairs', () => {
  it("are each other's inverse, chosen first", async () => {
    const { chosen, rejected } = splitPairs<X>(tensor([1, 2, 3, 4]));
    await expectValues(chosen, [1, 2]);
    await expectValues(rejected, [3, 4]);
    await expectValues(concatPairs<X>({ chosen, rejected }), [1, 2, 3, 4]);
  });

  it('take rows of any rank and kind', async () => {
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

  it('pass the gradient on', async () => {
    await expectGradients((x) => splitPairs<X>(x).rejected as X, [[1, 2, 3, 4]], [[0, 0, weight(0), weight(1)]]);
    await expectGradients((a, b) => concatPairs<X>({ chosen: a, rejected: b }), [[1], [2]], [[weight(0)], [weight(1)]]);
  });

  it('leak nothing, and name bad input', () => {
    const [x, three, zero] = [tensor([1, 2]), tensor([1, 2, 3]), tensor(1)];
    expectNoLeak(() => splitPairs(x), 2);
    expectNoLeak(() => concatPairs({ chosen: x, rejected: x }));
    expectError(() => splitPairs(three), RangeError, 'splitPairs: x has shape [3], expected an even number of rows, chosen first');
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

  it('pairs by index, on the engine or as lists; an example may repeat', async () => {
    for (const indices of [
      { chosen: [0, 0, 3], rejected: [1, 2, 0] },
      { chosen: ints([0, 0, 3]), rejected: ints([1, 2, 0]) },
    ]) {
      const { chosen, rejected } = gatherPairs<X, X>(tensor(x), indices);
      await expectValues(chosen, [-1, -1, -4]);
      await expectValues(rejected, [-2, -3, -1]);
    }
  });

  it('equals the pair form in a loss, value and gradient', async () => {
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
    const zero = tensor(1);
    expectError(
      () => gatherPairs(zero, { chosen: [0], rejected: [0] }),
      RangeError,
      'gatherPairs: x has shape [], expected at least rank 1',
    );
  });

  // Plain numbers have no kind.
  it.skipIf(isArrays)('names indices that are floats', () => {
    const [t, i] = [tensor(x), tensor([0])];
    expectError(
      () => gatherPairs<X, X>(t, { chosen: i, rejected: i }),
      TypeError,
      'gatherPairs: indices.chosen has dtype float, expected int',
    );
  });

  it.skipIf(isReadable)('turns an index out of range into NaN where it cannot be read', async () => {
    const { chosen } = gatherPairs<X, X>(tensor(x), { chosen: ints([0, 4, -1]), rejected: ints([1, 1, 1]) });
    expect(((await read(chosen)) as number[]).map(Number.isNaN)).toEqual([false, true, true]);
  });
});

describe('logRatioMargin and implicitRewards', () => {
  it('are Delta, and beta times the log-ratios', async () => {
    await expectValues(logRatioMargin(pairLogps()), delta, 8);
    const { chosen, rejected } = implicitRewards<X>(pairLogps(), { beta: 0.5 });
    await expectValues(
      chosen,
      sample.policy.chosen.map((p, i) => 0.5 * (p - sample.reference.chosen[i]!)),
      8,
    );
    await expectValues(
      rejected,
      sample.policy.rejected.map((p, i) => 0.5 * (p - sample.reference.rejected[i]!)),
      8,
    );
    await expectValues(ops.mul(ops.sub(chosen, rejected), 2), delta, 8);
  });

  it('take single examples, and 0.1 as beta', async () => {
    await expectValues(implicitRewards<X>({ policy: tensor([-1, -2]), reference: tensor([-3, -1]) }), [0.2, -0.1]);
  });

  it('have gradients on all inputs', async () => {
    const g = [0, 1, 2].map(weight);
    const minus = g.map((v) => -v);
    await expectGradients((a: X, b: X, c: X, d: X) => logRatioMargin<X>(fromFour(a, b, c, d)), four, [g, minus, minus, g]);
  });

  it('keep the digits of close log-probs', async () => {
    const near = { policy: { chosen: [-400 + 2 ** -10], rejected: [-400] }, reference: { chosen: [-400], rejected: [-400] } };
    await expectValues(logRatioMargin(pairLogps(near)), [2 ** -10], 0);
  });

  it('leak nothing, and name bad input', () => {
    const x = pairLogps();
    expectNoLeak(() => logRatioMargin(x));
    expectNoLeak(() => implicitRewards(x), 2);
    const one = tensor([1]);
    expectError(() => implicitRewards(x, { beta: NaN }), RangeError, 'implicitRewards: beta must be finite and > 0, got NaN');
    expectError(
      () => implicitRewards({ policy: x.policy.chosen, reference: one }),
      RangeError,
      'implicitRewards: reference has shape [1], expected [3] like policy',
    );
    expectError(
      () => implicitRewards({ policy: x.policy, reference: one } as never),
      TypeError,
      'implicitRewards: reference lacks chosen, expected { chosen, rejected }',
    );
    expectError(() => implicitRewards({} as never), TypeError, 'implicitRewards: logps lacks policy, expected { policy, reference }');
    expectError(() => implicitRewards(x, { alpha: 1 } as never), RangeError, 'implicitRewards: unknown option alpha, expected beta');
    expectError(
      () => logRatioMargin({ ...x, reference: { ...x.reference, rejected: one } }),
      RangeError,
      'logRatioMargin: reference.rejected has shape [1], expected [3] like policy.chosen',
    );
  });
});
