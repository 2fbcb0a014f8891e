import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { aot, linearTokenLogProbs, linearTokenStats, ops, sequenceLogProbs, splitPairs, tokenLogProbs } from '../../src/index.js';
import { linearTokenLogProbsDefinition } from '../../src/definitions/linear.js';
import { WEIGHT_LAYOUTS } from '../../src/internal/weightLayout.js';
import { expectClose, type Values } from '../../src/testing/index.js';
import { expectAccurate } from '../support/accuracy.js';
import { logSoftmax } from '../support/distributions.js';
import {
  derivatives,
  epsilon,
  expectError,
  expectNoLeak,
  expectValues,
  flatten,
  ints,
  isArrays,
  isReadable,
  read,
  tensor,
  type X,
  isFloat64,
  isTfjs,
} from '../support/engine.js';
import { labelsOf, weight as cotangent } from '../support/samples.js';
import { logitsOf, type Matrix, type Options } from '../support/headLogits.js';
import { inLayout, matrix, vector } from '../support/linearHead.js';
import { movedStats, sizesOfLogits } from '../support/movedByLogits.js';

/** Log-probs, and the gradients of their sum with the weights of `derivatives`, in float64. */
function oracle(hidden: Matrix, weight: Matrix, bias: number[] | undefined, labels: number[], options: Options = {}) {
  const byHidden = hidden.map((h) => h.map(() => 0));
  const byWeight = weight.map((w) => w.map(() => 0));
  const byBias = weight.map(() => 0);
  const logps = hidden.map((h, n) => {
    const label = labels[n]!;
    if (label === -100) return 0;
    const { logits, slopes } = logitsOf(h, weight, bias, options);
    const logp = logSoftmax(logits);
    logp.forEach((l, v) => {
      const g = cotangent(n) * slopes[v]! * (v === label ? -Math.expm1(l) : -Math.exp(l));
      byBias[v]! += g;
      h.forEach((x, d) => {
        byHidden[n]![d]! += g * weight[v]![d]!;
        byWeight[v]![d]! += g * x;
      });
    });
    return logp[label]!;
  });
  return { logps, grads: [byHidden, byWeight, byBias] as [Matrix, Matrix, number[]] };
}

/** Compares gradients, relative to the largest element of each. */
function expectGrads(grads: readonly unknown[], expected: readonly Values[], factor = 4): void {
  grads.forEach((g, i) => {
    // With a vocabulary of one token, all gradients are 0.
    const largest = Math.max(...(expected[i] as number[] | Matrix).flat().map(Math.abs)) || 1;
    // On arrays, gradients have the error of central differences.
    expectClose(g as Values, expected[i]!, { relative: 0, absolute: factor * epsilon * largest });
  });
}

describe('linearTokenLogProbs', () => {
  // Chunks of one token, of several with a remainder, and of all tokens.
  const sizes: [rows: number, width: number, vocabulary: number, chunkSize: number | undefined][] = [
    [1, 1, 1, undefined],
    [3, 2, 2, 1],
    [5, 3, 47, 10],
    [6, 8, 64, 64],
    [9, 5, 123, 50],
    [2, 7, 300, undefined],
  ];
  const options: [string, Options][] = [
    ['no options', {}],
    ['scale and temperature', { logitScale: 0.0625, temperature: 0.7 }],
    ['a soft cap', { logitSoftcap: 3 }],
    ['all of them', { logitScale: 2, logitSoftcap: 5, temperature: 1.5 }],
  ];

  describe.each(options)('with %s', (named, given) => {
    it.for(sizes)(
      'equals float64 for hidden states [%i, %i], vocabulary %i, chunk size %o',
      async ([rows, width, vocabulary, chunkSize], { task }) => {
        const [hidden, weight, bias] = [matrix(rows, width, 2), matrix(vocabulary, width, 1.5, 1), vector(vocabulary, 1, 2)];
        const labels = labelsOf(rows, vocabulary);
        const all = { ...given, ...(chunkSize && { chunkSize }) };
        const { logps, grads } = oracle(hidden, weight, bias, labels, given);
        const f = (h: X, w: X, b: X): X => linearTokenLogProbs({ hidden: h, weight: w, bias: b }, ints(labels), all);
        await expectValues(f(tensor(hidden), tensor(weight), tensor(bias)), logps, 8);
        const actual = await derivatives(f, [hidden, weight, bias]);
        expectGrads(actual.grads, grads);
        const frozen = (h: X): X =>
          linearTokenLogProbs({ hidden: h, weight: tensor(weight), bias: tensor(bias) }, ints(labels), { ...all, frozenWeight: true });
        await expectValues(frozen(tensor(hidden)), logps, 8);
        expectGrads((await derivatives(frozen, [hidden])).grads, [grads[0]]);
        if (isFloat64) return; // no more exact than the oracle
        const logits = hidden.map((h) => logitsOf(h, weight, bias, given).logits);
        const sizes = sizesOfLogits(hidden, weight, bias, given);
        const got = (await read(f(tensor(hidden), tensor(weight), tensor(bias)))) as number[];
        const input = `hidden [${rows}, ${width}], vocabulary ${vocabulary}, chunkSize ${chunkSize ?? 'default'}, ${named}`;
        const value = {
          got,
          exact: logps,
          scale: (n: number) => Math.abs(logps[n]!) + movedStats(logits[n]!, labels[n]!, sizes[n]!).logps,
        };
        expectAccurate(task.meta, 'linearTokenLogProbs', input, { value });
        ['hidden', 'weight', 'bias'].forEach((name, i) => {
          const gradient = { got: flatten(actual.grads[i] as Values), exact: flatten(grads[i]!), at: (j: number) => `${name}[${j}]` };
          expectAccurate(task.meta, 'linearTokenLogProbs', input, { gradient });
        });
      },
    );
  });

  describe('with a weight [D, V]', () => {
    const layout = 'hiddenByVocabulary';

    it.for(sizes)(
      'equals float64 for hidden states [%i, %i], vocabulary %i, chunk size %o',
      async ([rows, width, vocabulary, chunkSize], { task }) => {
        const [hidden, weight, bias] = [matrix(rows, width, 2), matrix(vocabulary, width, 1.5, 1), vector(vocabulary, 1, 2)];
        const [labels, kernel] = [labelsOf(rows, vocabulary), inLayout(weight, layout)];
        const given = { logitScale: 2, logitSoftcap: 5, temperature: 1.5 };
        const { logps, grads } = oracle(hidden, weight, bias, labels, given);
        const all = { ...given, ...(chunkSize && { chunkSize }) };
        const f = (frozenWeight: boolean) => (h: X, w: X, b: X): X =>
          linearTokenLogProbs({ hidden: h, weight: w, bias: b, layout }, ints(labels), { ...all, frozenWeight }); // prettier-ignore
        await expectValues(f(false)(tensor(hidden), tensor(kernel), tensor(bias)), logps, 8);
        await expectValues(f(true)(tensor(hidden), tensor(kernel), tensor(bias)), logps, 8);
        const exact = [grads[0], inLayout(grads[1], layout), grads[2]];
        const actual = await derivatives(f(false), [hidden, kernel, bias]);
        expectGrads(actual.grads, exact);
        const frozen = await derivatives((h) => f(true)(h, tensor(kernel), tensor(bias)), [hidden]);
        expectGrads(frozen.grads, exact.slice(0, 1));
        if (isFloat64) return; // no more exact than the oracle
        const input = `hidden [${rows}, ${width}], weight [${width}, ${vocabulary}], chunkSize ${chunkSize ?? 'default'}`;
        ['hidden', 'weight', 'bias'].forEach((name, i) => {
          const gradient = { got: flatten(actual.grads[i] as Values), exact: flatten(exact[i]!), at: (j: number) => `${name}[${j}]` };
          expectAccurate(task.meta, 'linearTokenLogProbs', input, { gradient });
        });
      },
    );

    // The arrays engine has no kernels to count.
    it.runIf(isTfjs)('is never copied as a whole, not even transposed', async () => {
      const [hidden, weight, labels] = [tensor(matrix(3, 16, 2)), tensor(matrix(16, 40, 1)), ints([0, 39, 7])];
      for (const frozenWeight of [true, false]) {
        const options = { chunkSize: 8, frozenWeight };
        const { kernels } = await tf.profile(() =>
          tf.tidy(() => linearTokenLogProbs<X, X, X>({ hidden, weight, layout }, labels, options)),
        );
        const sizes = kernels.flatMap(({ outputShapes }) => outputShapes.map((shape) => tf.util.sizeFromShape(shape)));
        expect(Math.max(...sizes)).toBeLessThan(16 * 40);
      }
    });

    it('is told apart by the layout alone where V = D', async () => {
      const [hidden, weight] = [[[1, -1]], [[1, 2], [3, 4]]]; // prettier-ignore
      const { logps } = oracle(hidden, [[1, 3], [2, 4]], undefined, [0]); // prettier-ignore
      await expectValues(linearTokenLogProbs<X, X, X>({ hidden: tensor(hidden), weight: tensor(weight), layout }, ints([0])), logps);
    });
  });

  it('works without a bias', async () => {
    const [hidden, weight, labels] = [matrix(4, 3, 2), matrix(20, 3, 1, 1), [3, 19, 0, 7]];
    const { logps, grads } = oracle(hidden, weight, undefined, labels);
    const f = (h: X, w: X): X => linearTokenLogProbs({ hidden: h, weight: w }, ints(labels), { chunkSize: 6 });
    await expectValues(f(tensor(hidden), tensor(weight)), logps, 8);
    expectGrads((await derivatives(f, [hidden, weight])).grads, grads.slice(0, 2));
  });

  it('accepts [B, T, D] and flat rows, and labels as plain numbers', async () => {
    const [hidden, weight, labels] = [matrix(6, 4, 2), matrix(11, 4, 1, 1), labelsOf(6, 11)];
    const { logps } = oracle(hidden, weight, undefined, labels);
    const batch = { hidden: tensor([hidden.slice(0, 3), hidden.slice(3)]), weight: tensor(weight) };
    const wanted = [logps.slice(0, 3), logps.slice(3)];
    await expectValues(linearTokenLogProbs<X, X, X>(batch, ints([labels.slice(0, 3), labels.slice(3)])), wanted, 8);
    await expectValues(linearTokenLogProbs<X, X, number[][]>(batch, [labels.slice(0, 3), labels.slice(3)]) as X, wanted, 8);
    await expectValues(linearTokenLogProbs<X, X, number[]>({ hidden: tensor(hidden), weight: tensor(weight) }, labels) as X, logps, 8);
  });

  it('is -log V where all logits are equal, and 0 for a certain token', async () => {
    const head = { hidden: tensor([[1, 1], [3, 0]]), weight: tensor([[20, 20], [20, -20], [20, 20], [20, -20]]) }; // prettier-ignore
    await expectValues(linearTokenLogProbs<X, X, X>(head, ints([0, 3]), { chunkSize: 3 }), [-Math.log(2), -Math.log(4)]);
    const certain = { hidden: tensor([[50]]), weight: tensor([[-1], [1], [-1], [0]]) };
    expect(await read(linearTokenLogProbs<X, X, X>(certain, ints([1]), { chunkSize: 1 }))).toEqual([0]);
    expectClose((await read(linearTokenLogProbs<X, X, X>(certain, ints([2]), { chunkSize: 1 }))) as number[], [-100], { relative: epsilon, absolute: 0 }); // prettier-ignore
  });

  it('keeps the digits of large logits, in value and gradient', async () => {
    // 1000 is added to every logit of the first row and taken from every one of the second; all products are exact.
    const [hidden, weight, labels] = [[[1, 1000], [2, -1000]], [[0, 1], [0.5, 1], [-3, 1], [0.25, 1]], [2, 1]]; // prettier-ignore
    const { logps, grads } = oracle(hidden, weight, undefined, labels);
    const f = (h: X, w: X): X => linearTokenLogProbs({ hidden: h, weight: w }, ints(labels), { chunkSize: 3 });
    await expectValues(f(tensor(hidden), tensor(weight)), logps, 4);
    expectGrads((await derivatives(f, [hidden, weight])).grads, grads.slice(0, 2));
  });

  it.each([true, false])('is 0 with zero gradient for ignored rows, whatever they hold (frozen weight: %s)', async (frozenWeight) => {
    const [hidden, weight, labels] = [matrix(4, 3, 2), matrix(9, 3, 1, 1), [3, -100, 0, -100]];
    const { logps, grads } = oracle(hidden, weight, undefined, labels);
    const broken = hidden.map((row, i) => (i % 2 === 1 ? [NaN, 1, 2] : row));
    const f = (h: X, w: X): X => linearTokenLogProbs({ hidden: h, weight: w }, ints(labels), { chunkSize: 4, frozenWeight });
    await expectValues(f(tensor(broken), tensor(weight)), logps, 8);
    // On arrays, central differences of NaN are NaN.
    const actual = (await derivatives(f, [broken, weight])).grads;
    expectGrads(actual.slice(0, 1), grads.slice(0, 1));
    expect((actual[0] as Matrix)[1]!.every((g) => g === 0)).toBe(true);
    if (frozenWeight) expect((actual[1] as Matrix).flat().every((g) => g === 0)).toBe(true);
    else expectGrads(actual.slice(1), grads.slice(1, 2));
  });

  it.each([true, false])('is 0 with zero gradient if all tokens are ignored (frozen weight: %s)', async (frozenWeight) => {
    const f = (h: X, w: X): X => linearTokenLogProbs({ hidden: h, weight: w }, ints([-100, -100]), { frozenWeight });
    await expectValues(f(tensor([[NaN, 1], [1, 2]]), tensor(matrix(5, 2, 1))), [0, 0]); // prettier-ignore
    const { grads } = await derivatives(f, [[[NaN, 1], [1, 2]], matrix(5, 2, 1)]); // prettier-ignore
    expect((grads as Matrix[]).flat(2).every((g) => g === 0)).toBe(true);
  });

  // A GPU need not support infinities.
  it.runIf(isReadable)('accepts a chunk of impossible tokens', async () => {
    const [hidden, weight] = [[[1], [2]], [[0], [0], [1], [0.5]]]; // prettier-ignore
    const bias = tensor([-Infinity, -Infinity, 0, 0]);
    const f =
      (frozenWeight: boolean) =>
      (h: X): X =>
        // prettier-ignore
        linearTokenLogProbs({ hidden: h, weight: tensor(weight), bias }, ints([2, 3]), { chunkSize: 2, frozenWeight });
    const { logps, grads } = oracle(hidden, [[1], [0.5]], undefined, [0, 1]);
    await expectValues(f(false)(tensor(hidden)), logps);
    expectGrads((await derivatives(f(false), [hidden])).grads, grads.slice(0, 1));
    expectGrads((await derivatives(f(true), [hidden])).grads, grads.slice(0, 1));
    const impossible = linearTokenLogProbs<X, X, X>({ hidden: tensor(hidden), weight: tensor(weight), bias }, ints([0, 2]), {
      chunkSize: 2,
    });
    expect(((await read(impossible)) as number[])[0]).toBe(-Infinity);
  });

  it('works with losses that couple the examples of a batch', async () => {
    const [hidden, weight] = [matrix(8 * 3, 4, 1), matrix(30, 4, 1, 1)];
    const labels = Array.from({ length: 8 }, (_, i) => labelsOf(3, 30).map((l) => (l + i) % 30));
    const mask = labels.map((row) => row.map(() => 1));
    const reference = { chosen: tensor(vector(4, 5, 3)), rejected: tensor(vector(4, 5, 4)) };
    const loss = (logps: X): X => {
      const policy = splitPairs<X>(sequenceLogProbs(logps, tensor(mask)));
      return aot<X>({ policy, reference }, { beta: 0.5 });
    };
    const batch = Array.from({ length: 8 }, (_, i) => hidden.slice(3 * i, 3 * i + 3));
    const logits = batch.map((rows) => rows.map((h) => logitsOf(h, weight, undefined, {}).logits));
    const linear = await derivatives(
      (h) => loss(linearTokenLogProbs<X, X, X>({ hidden: h, weight: tensor(weight) }, ints(labels), { chunkSize: 7 })),
      [batch],
    );
    const whole = await derivatives((x) => loss(tokenLogProbs<X, X>(x, ints(labels))), [logits]);
    expectClose(linear.value, whole.value, { relative: 4 * epsilon, absolute: 0 });
    const byLogits = whole.grads[0] as Matrix[];
    const byHidden = byLogits.map((rows) => rows.map((g) => weight[0]!.map((_, d) => g.reduce((a, x, v) => a + x * weight[v]![d]!, 0))));
    expectGrads([(linear.grads[0] as Matrix[]).flat()], [byHidden.flat()], 8);
  });

  it('has a definition without a gradient for a frozen weight and bias', async () => {
    const layout = 'vocabularyByHidden' as const;
    const rows = { hidden: tensor(matrix(2, 3, 2)), labels: ints([0, 4]), layout, cap: undefined, chunkSize: undefined };
    const f = (weight: X, bias: X): X => {
      const logps = linearTokenLogProbsDefinition<X>({ ...rows, weight, bias }, true);
      // Added to a term with a gradient, because tfjs cannot differentiate a function of constants.
      return ops.add(logps, ops.add(ops.sum(weight), ops.sum(bias)));
    };
    const { grads } = await derivatives((weight: X, bias: X) => ops.sum(f(weight, bias)), [matrix(5, 3, 1), vector(5, 1)]);
    const both = 2 * cotangent(0);
    expectClose(grads[0] as Values, matrix(5, 3, 1).map((row) => row.map(() => both)), { relative: 1e-5 }); // prettier-ignore
    expectClose(
      grads[1] as Values,
      vector(5, 1).map(() => both),
      { relative: 1e-5 },
    );
  });

  it.each(WEIGHT_LAYOUTS)('equals its definition, layout %s', async (layout) => {
    const rows = {
      hidden: tensor(matrix(5, 3, 2)),
      weight: tensor(inLayout(matrix(17, 3, 1, 1), layout)),
      layout,
      bias: tensor(vector(17, 1)),
      labels: ints([0, 16, 3, 8, 9]),
      cap: 2,
    };
    const definition = linearTokenLogProbsDefinition<X>({ ...rows, chunkSize: undefined }, false);
    const given = { hidden: rows.hidden, weight: rows.weight, layout, bias: rows.bias };
    // With a cap of 2, the function first divides hidden states and bias by 2.
    const head = {
      ...given,
      hidden: tensor(matrix(5, 3, 2).map((r) => r.map((x) => 2 * x))),
      bias: tensor(vector(17, 1).map((x) => 2 * x)),
    };
    await expectValues(
      linearTokenLogProbs<X, X, X>(head, rows.labels, { logitSoftcap: 2, chunkSize: 5 }),
      (await read(definition)) as number[],
      4,
    );
  });

  it.each(WEIGHT_LAYOUTS)('leaves no tensor behind, layout %s', (layout) => {
    const weight = tensor(inLayout(matrix(17, 3, 1, 1), layout));
    const head = { hidden: tensor(matrix(5, 3, 2)), weight, layout, bias: tensor(vector(17, 1)) };
    const labels = ints(labelsOf(5, 17));
    expectNoLeak(() => linearTokenLogProbs<X, X, X>(head, labels, { chunkSize: 5 }));
    expectNoLeak(() => linearTokenLogProbs<X, X, X>(head, labels, { chunkSize: 5, frozenWeight: true }));
    expectNoLeak(() => linearTokenStats<X, X, X>(head, labels, { chunkSize: 5 }), 5);
  });

  it('names bad input', () => {
    const head = { hidden: tensor(matrix(2, 3, 1)), weight: tensor(matrix(5, 3, 1)) };
    const [labels, wide, three] = [ints([1, 4]), tensor(matrix(5, 4, 1)), tensor([1, 2, 3])];
    const call =
      (h: X, l: X = labels, o: X = {}) =>
      () =>
        linearTokenLogProbs<X, X, X>(h, l, o);
    const shape = (f: () => unknown, message: string) => {
      expectError(f, RangeError, `linearTokenLogProbs: ${message}`);
    };
    shape(
      call({ ...head, weight: wide }),
      'weight has shape [5, 4], expected [V, 3], the width of hidden, in the layout vocabularyByHidden; [3, V] is hiddenByVocabulary',
    );
    shape(
      call({ ...head, layout: 'hiddenByVocabulary' }),
      'weight has shape [5, 3], expected [3, V], the width of hidden, in the layout hiddenByVocabulary; [V, 3] is vocabularyByHidden',
    );
    shape(call({ ...head, layout: 'DV' }), 'head.layout must be one of "vocabularyByHidden", "hiddenByVocabulary", got "DV"');
    shape(call({ ...head, hidden: three }), 'hidden has shape [3], expected [B, T, D] or [N, D]');
    shape(call({ ...head, weight: three }), 'weight has shape [3], expected rank 2');
    shape(call({ ...head, bias: three }), 'bias has shape [3], expected [5] like the rows of weight');
    shape(
      call({ ...head, weight: tensor(matrix(3, 5, 1)), layout: 'hiddenByVocabulary', bias: three }),
      'bias has shape [3], expected [5] like the columns of weight',
    );
    shape(call(head, [1]), 'labels has shape [1], expected [2] like hidden without the last axis');
    shape(call(head, labels, { chunkSize: 0 }), 'chunkSize must be an integer >= 1, got 0');
    shape(call(head, labels, { chunkSize: 1.5 }), 'chunkSize must be an integer >= 1, got 1.5');
    shape(call(head, labels, { temperature: 0 }), 'temperature must be finite and > 0, got 0');
    shape(call(head, labels, { logitScale: -1 }), 'logitScale must be finite and > 0, got -1');
    shape(call(head, labels, { logitSoftcap: 0 }), 'logitSoftcap must be finite and > 0, got 0');
    shape(call(head, labels, { ignoreIndex: 4 }), 'ignoreIndex must be an integer outside [0, 5), got 4');
    shape(call(head, labels, { ignoreIndex: null as never }), 'ignoreIndex must be an integer outside [0, 5), got null');
    shape(call(head, labels, { chunks: 2 }), 'unknown option chunks, expected logitScale, logitSoftcap, temperature, chunkSize, ignoreIndex, frozenWeight'); // prettier-ignore
    shape(call(head, [1, 5]), 'value 1 of labels must be an integer in [0, 5) or -100, got 5');
    const type = (f: () => unknown, message: string) => {
      expectError(f, TypeError, `linearTokenLogProbs: ${message}`);
    };
    type(call({ hidden: head.hidden }), 'head lacks weight, expected { hidden, weight }');
    type(call({ ...head, embedding: 1 }), 'head has an unknown field embedding, expected { hidden, weight, bias, layout }');
    type(call(head, labels, { frozenWeight: 1 }), 'frozenWeight is a number, expected true or false');
    if (!isArrays) type(call(head, tensor([1, 4])), 'labels has dtype float, expected int');
  });

  // Where labels can be read, this is an error.
  it.skipIf(isReadable)('is NaN for labels out of range where they cannot be read', async () => {
    const head = { hidden: tensor(matrix(3, 2, 1)), weight: tensor(matrix(5, 2, 1, 1)) };
    for (const frozenWeight of [true, false]) {
      const logps = (await read(linearTokenLogProbs<X, X, X>(head, ints([5, 1, -7]), { chunkSize: 2, frozenWeight }))) as number[];
      expect(logps.map(Number.isNaN)).toEqual([true, false, true]);
    }
    const { entropy } = linearTokenStats<X, X, X>(head, ints([5, 1, -7]));
    expect(((await read(entropy)) as number[]).map(Number.isNaN)).toEqual([true, false, true]);
  });
});
