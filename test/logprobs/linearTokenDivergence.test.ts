import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { backendOf, linearTokenDivergence, listKernels, tokenDivergence, type LinearTokenDivergenceOptions } from '../../src/index.js';
import { DIVERGENCES } from '../../src/internal/divergences.js';
import { WEIGHT_LAYOUTS } from '../../src/internal/weightLayout.js';
import { expectClose, type Values } from '../../src/testing/index.js';
import { divergenceOf } from '../support/distributions.js';
import {
  derivatives,
  engine,
  epsilon,
  expectError,
  expectNoLeak,
  expectValues,
  ints,
  isFloat64,
  isReadable,
  isTfjs,
  read,
  tensor,
  type X,
} from '../support/engine.js';
import { logitsOf, type Matrix, type Options } from '../support/headLogits.js';
import { movedDivergence, sizesOfLogits } from '../support/movedByLogits.js';
import { expectAccurate } from '../support/accuracy.js';
import { inLayout, matrix, vector } from '../support/linearHead.js';
import { labelsOf, weight as cotangent } from '../support/samples.js';

type Head = readonly [hidden: Matrix, weight: Matrix, bias?: number[]];

/** Divergences, and the gradients of their sum with the weights of `derivatives`, in float64. */
function oracle(policy: Head, reference: Head, labels: number[], given: LinearTokenDivergenceOptions, options: Options = {}) {
  const { divergence = 'forwardKl', weight: share = 0.5 } = given;
  const [hidden, weight, bias] = policy;
  const byHidden = hidden.map((h) => h.map(() => 0));
  const byWeight = weight.map((w) => w.map(() => 0));
  const byBias = weight.map(() => 0);
  const values = hidden.map((h, n) => {
    if (labels[n] === -100) return 0;
    const { logits, slopes } = logitsOf(h, weight, bias, options);
    const other = logitsOf(reference[0][n]!, reference[1], reference[2], options).logits;
    const { value, gradient } = divergenceOf(logits, other, divergence, share);
    gradient.forEach((slope, v) => {
      const g = cotangent(n) * slopes[v]! * slope;
      byBias[v]! += g;
      h.forEach((x, d) => {
        byHidden[n]![d]! += g * weight[v]![d]!;
        byWeight[v]![d]! += g * x;
      });
    });
    return value;
  });
  return { values, grads: [byHidden, byWeight, byBias] as [Matrix, Matrix, number[]] };
}

/** Compares gradients, relative to the largest element of each, or to 1: those of close distributions are differences of probabilities. */
function expectGrads(grads: readonly unknown[], expected: readonly Values[]): void {
  grads.forEach((g, i) => {
    const largest = Math.max(1, ...(expected[i] as number[] | Matrix).flat().map(Math.abs));
    expectClose(g as Values, expected[i]!, { relative: 0, absolute: 8 * epsilon * largest });
  });
}

const HIDDEN = 'vocabularyByHidden';

describe.each(DIVERGENCES)('linearTokenDivergence, %s', (divergence) => {
  const chosen: LinearTokenDivergenceOptions = { divergence, ...(divergence === 'jensenShannon' && { weight: 0.3 }) };

  // Chunks of one token, of several with a remainder, and of all tokens.
  const sizes: [rows: number, width: number, vocabulary: number, chunkSize: number | undefined][] = [
    [1, 1, 1, undefined],
    [3, 2, 2, 1],
    [5, 3, 47, 10],
    [6, 8, 64, 64],
    [9, 5, 123, 50],
    [2, 7, 300, undefined],
  ];
  it.for(sizes)('equals float64 for hidden states [%i, %i], vocabulary %i, chunk size %o', async (size, { task }) => {
    const [rows, width, vocabulary, chunkSize] = size;
    const policy: Head = [matrix(rows, width, 2), matrix(vocabulary, width, 1.5, 1), vector(vocabulary, 1, 2)];
    const reference: Head = [matrix(rows, width + 1, 2, 3), matrix(vocabulary, width + 1, 1.5, 4), vector(vocabulary, 1, 5)];
    const labels = labelsOf(rows, vocabulary);
    const fixed = {
      hidden: tensor(reference[0]),
      weight: tensor(inLayout(reference[1], 'hiddenByVocabulary')),
      bias: tensor(reference[2]!),
    };
    for (const layout of WEIGHT_LAYOUTS)
      for (const given of [{}, { logitScale: 2, logitSoftcap: 5, temperature: 1.5 }]) {
        const { values, grads } = oracle(policy, reference, labels, chosen, given);
        const f = (frozenWeight: boolean) => (hidden: X, weight: X, bias: X): X =>
          linearTokenDivergence<X, X, X>(
            { policy: { hidden, weight, bias, layout }, reference: { ...fixed, layout: 'hiddenByVocabulary' } },
            ints(labels),
            { ...chosen, ...given, ...(chunkSize && { chunkSize }), frozenWeight },
          ); // prettier-ignore
        const own = [policy[0], inLayout(policy[1], layout), policy[2]!] as const;
        const got = f(false)(tensor(own[0]), tensor(own[1]), tensor(own[2]));
        await expectValues(got, values, 8);
        if (!isFloat64) {
          const logits = [policy, reference].map(([h, w, b]) => h.map((x) => logitsOf(x, w, b, given).logits)) as [Matrix, Matrix];
          const sizes = [policy, reference].map(([h, w, b]) => sizesOfLogits(h, w, b, given)) as [Matrix, Matrix];
          const moved = (n: number) =>
            movedDivergence(logits[0][n]!, logits[1][n]!, divergence, chosen.weight, [sizes[0][n]!, sizes[1][n]!]);
          expectAccurate(task.meta, 'linearTokenDivergence', `${divergence}, hidden [${rows}, ${width}], vocabulary ${vocabulary}`, {
            value: { got: (await read(got)) as number[], exact: values, scale: (n) => values[n]! + moved(n) },
          });
        }
        await expectValues(f(true)(tensor(own[0]), tensor(own[1]), tensor(own[2])), values, 8);
        expectGrads((await derivatives(f(false), own)).grads, [grads[0], inLayout(grads[1], layout), grads[2]]);
        const frozen = await derivatives((hidden) => f(true)(hidden, tensor(own[1]), tensor(own[2])), [own[0]]);
        expectGrads(frozen.grads, [grads[0]]);
      }
  });

  it('equals tokenDivergence of the logits, in [B, T, D], with plain labels', async () => {
    const [a, b] = [[matrix(6, 4, 2), matrix(11, 4, 1, 1)], [matrix(6, 3, 2, 2), matrix(11, 3, 1, 3)]] as const; // prettier-ignore
    const logits = ([hidden, weight]: readonly [Matrix, Matrix]) => tensor(hidden.map((h) => logitsOf(h, weight, undefined, {}).logits));
    const halves = (x: Matrix): X => tensor([x.slice(0, 3), x.slice(3)]);
    const wanted = (await read(tokenDivergence<X>(logits(a), logits(b), chosen))) as number[];
    const heads = {
      policy: { hidden: halves(a[0]), weight: tensor(a[1]) },
      reference: { hidden: halves(b[0]), weight: tensor(b[1]) },
    };
    const got = linearTokenDivergence<X, X, number[][]>(heads, [[0, 1, 2], [3, 4, -100]], { ...chosen, chunkSize: 4 }) as X; // prettier-ignore
    await expectValues(got, [wanted.slice(0, 3), [...wanted.slice(3, 5), 0]], 8);
  });

  it('has no gradient with respect to the reference', async () => {
    const own = { hidden: tensor([[1, 2]]), weight: tensor(matrix(5, 2, 1)) };
    const beside = (hidden: X, weight: X, bias: X): X => {
      const backend = backendOf<X>(hidden);
      const all = [hidden, weight, bias].map((x) => backend.sum(x)).reduce((x, y) => backend.add(x, y));
      return backend.add(linearTokenDivergence<X, X, X>({ policy: own, reference: { hidden, weight, bias } }, ints([0]), chosen), all);
    };
    const given = [matrix(1, 3, 1), matrix(5, 3, 1), vector(5, 1)] as const;
    const { grads } = await derivatives(beside, given);
    expectClose(grads.flat(2) as number[], grads.flat(2).map(() => cotangent(0)), { relative: epsilon, absolute: 0 }); // prettier-ignore
  });

  it.each([true, false])('is 0 with zero gradient for ignored rows, whatever they hold (frozen weight: %s)', async (frozenWeight) => {
    const [policy, reference]: [Head, Head] = [[matrix(4, 3, 2), matrix(9, 3, 1, 1)], [matrix(4, 3, 2, 2), matrix(9, 3, 1, 3)]]; // prettier-ignore
    const labels = [3, -100, 0, -100];
    const { values, grads } = oracle(policy, reference, labels, chosen);
    const broken = (hidden: Matrix): Matrix => hidden.map((row, i) => (i % 2 === 1 ? [NaN, 1, 2] : row));
    const fixed = { hidden: tensor(broken(reference[0])), weight: tensor(reference[1]) };
    const f = (hidden: X, weight: X): X =>
      linearTokenDivergence<X, X, X>({ policy: { hidden, weight }, reference: fixed }, ints(labels), {
        ...chosen,
        chunkSize: 4,
        frozenWeight,
      });
    await expectValues(f(tensor(broken(policy[0])), tensor(policy[1])), values, 8);
    const actual = (await derivatives(f, [broken(policy[0]), policy[1]])).grads;
    expectGrads(actual.slice(0, 1), grads.slice(0, 1));
    expect((actual[0] as Matrix)[1]!.every((g) => g === 0)).toBe(true);
    if (frozenWeight) expect((actual[1] as Matrix).flat().every((g) => g === 0)).toBe(true);
    else expectGrads(actual.slice(1), grads.slice(1, 2));
  });

  // A GPU need not support infinities.
  it.runIf(isReadable)('accepts a chunk of impossible tokens', async () => {
    const [hidden, weight] = [[[1], [2]], [[0], [0], [1], [0.5]]]; // prettier-ignore
    const reference: Head = [hidden, [[0], [1], [-1], [0.5]], [-Infinity, -Infinity, 1, 0]];
    const policy: Head = [hidden, weight, divergence === 'forwardKl' ? [-1, -2, 0, 0] : [-Infinity, -Infinity, 0, 0]];
    const { values, grads } = oracle(policy, reference, [2, 3], chosen);
    const tensors = ([h, w, b]: Head) => ({ hidden: tensor(h), weight: tensor(w), bias: tensor(b!) });
    const f = (h: X): X =>
      linearTokenDivergence<X, X, X>({ policy: { ...tensors(policy), hidden: h }, reference: tensors(reference) }, ints([2, 3]), {
        ...chosen,
        chunkSize: 2,
      });
    await expectValues(f(tensor(hidden)), values, 8);
    expectGrads((await derivatives(f, [hidden])).grads, grads.slice(0, 1));
    const swapped = linearTokenDivergence<X, X, X>({ policy: tensors([hidden, weight, [-Infinity, -Infinity, 0, 0]]), reference: tensors([hidden, weight, [0, 0, 0, 0]]) }, ints([2, 3]), { ...chosen, chunkSize: 2 }); // prettier-ignore
    if (divergence === 'forwardKl') expect(await read(swapped)).toEqual([Infinity, Infinity]);
    else expect(((await read(swapped)) as number[]).every((v) => v > 0 && v < 2)).toBe(true);
  });

  it.each(WEIGHT_LAYOUTS)('leaves no tensor behind, layout %s', (layout) => {
    const weight = tensor(inLayout(matrix(17, 3, 1, 1), layout));
    const head = { hidden: tensor(matrix(5, 3, 2)), weight, layout, bias: tensor(vector(17, 1)) };
    const other = { ...head, hidden: tensor(matrix(5, 3, 1)) };
    const labels = ints(labelsOf(5, 17));
    for (const frozenWeight of [true, false])
      expectNoLeak(() =>
        linearTokenDivergence<X, X, X>({ policy: head, reference: other }, labels, { ...chosen, chunkSize: 5, frozenWeight }),
      );
  });

  // The arrays engine has no kernels to count, and on WebGL the definition runs.
  it.runIf(isTfjs && listKernels().tokenDivergence![engine] === 'kernel')('makes no logits of the whole vocabulary', async () => {
    const [policy, reference] = [matrix(3, 2, 1), matrix(3, 2, 2)].map((hidden) => ({
      hidden: tensor(hidden),
      weight: tensor(matrix(40, 2, 1)),
    }));
    const heads = { policy: policy!, reference: reference! };
    const { kernels } = await tf.profile(() =>
      tf.tidy(() => linearTokenDivergence<X, X, X>(heads, ints([0, 39, 7]), { ...chosen, chunkSize: 8 })),
    );
    const sizes = kernels.flatMap(({ outputShapes }) => outputShapes.map((shape) => tf.util.sizeFromShape(shape)));
    expect(Math.max(...sizes)).toBeLessThan(3 * 40);
  });
});

describe('linearTokenDivergence', () => {
  it('is the forward KL by default, and 0 for equal heads', async () => {
    const head = { hidden: tensor(matrix(2, 3, 1)), weight: tensor(matrix(5, 3, 1)), layout: HIDDEN } as const;
    const other = { ...head, hidden: tensor(matrix(2, 3, 1, 1)) };
    const labels = ints([1, 4]);
    const forward = (await read(
      linearTokenDivergence<X, X, X>({ policy: head, reference: other }, labels, { divergence: 'forwardKl' }),
    )) as number[];
    await expectValues(linearTokenDivergence<X, X, X>({ policy: head, reference: other }, labels), forward, 0);
    expect(Math.min(...forward)).toBeGreaterThan(0.01);
    for (const divergence of DIVERGENCES)
      await expectValues(
        linearTokenDivergence<X, X, X>({ policy: head, reference: head }, labels, { divergence, chunkSize: 2 }),
        [0, 0],
        4,
      );
  });

  it('names bad input', () => {
    const head = { hidden: tensor(matrix(2, 3, 1)), weight: tensor(matrix(5, 3, 1)) };
    const labels = ints([1, 4]);
    const call =
      (heads: X, options: X = {}, l: X = labels) =>
      () =>
        linearTokenDivergence<X, X, X>(heads, l, options);
    const shape = (f: () => unknown, message: string) => {
      expectError(f, RangeError, `linearTokenDivergence: ${message}`);
    };
    const both = { policy: head, reference: head };
    expectError(call({ policy: head }), TypeError, 'linearTokenDivergence: heads lacks reference, expected { policy, reference }');
    shape(
      call({ ...both, reference: { ...head, weight: tensor(matrix(5, 4, 1)) } }),
      'reference.weight has shape [5, 4], expected [V, 3], the width of reference.hidden, in the layout vocabularyByHidden; [3, V] is hiddenByVocabulary',
    );
    shape(
      call({ ...both, reference: { ...head, weight: tensor(matrix(6, 3, 1)) } }),
      'reference.weight has a vocabulary of 6, expected 5 like policy.weight',
    );
    shape(
      call({ ...both, reference: { ...head, hidden: tensor(matrix(3, 3, 1)) } }),
      'reference.hidden has the tokens [3], expected [2] like policy.hidden',
    );
    shape(
      call({ ...both, reference: { ...head, layout: 'DV' } }),
      'reference.layout must be one of "vocabularyByHidden", "hiddenByVocabulary", got "DV"',
    );
    shape(
      call({ ...both, policy: { ...head, bias: tensor([1, 2]) } }),
      'policy.bias has shape [2], expected [5] like the rows of policy.weight',
    );
    shape(call(both, {}, ints([1])), 'labels has shape [1], expected [2] like policy.hidden without the last axis');
    shape(call(both, { weight: 0.5 }), 'weight would be ignored by forwardKl');
    shape(call(both, { divergence: 'jensenShannon', weight: 0 }), 'weight must be in (0, 1), got 0');
    shape(call(both, { divergence: 'kl' }), 'divergence must be one of "forwardKl", "reverseKl", "jensenShannon", got "kl"');
    shape(call(both, { chunkSize: 0 }), 'chunkSize must be an integer >= 1, got 0');
  });
});
