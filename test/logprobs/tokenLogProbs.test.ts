import { describe, expect, it } from 'vitest';
import { ops, registerBackend, sequenceLogProbs, tensorOf, tokenLogProbs } from '../../src/index.js';
import { tokenLogProbsDefinition } from '../../src/definitions/tokenLogProbs.js';
import golden from '../goldens/logprobs.json' with { type: 'json' };
import { Boxed, boxed } from '../support/boxed.js';
import { expectAccurate, type Compared } from '../support/accuracy.js';
import { logSoftmax } from '../support/distributions.js';
import {
  derivatives,
  epsilon,
  expectError,
  expectGradients,
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
  engineName,
  valueAndGradsOn,
} from '../support/engine.js';
import { movedStats } from '../support/movedByLogits.js';
import { labelsOf, weight } from '../support/samples.js';
import { expectClose, type Values } from '../../src/testing/index.js';
import type { Nested } from '../../src/index.js';

/** Pseudorandom numbers between -1 and 1 from a seed (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * 2 - 1;
  };
}

const logitsOf = (rows: number, vocabulary: number, scale: number, seed = 1): number[][] => {
  const next = random(seed);
  return Array.from({ length: rows }, () => Array.from({ length: vocabulary }, () => Math.fround(scale * next())));
};

interface Expected {
  readonly logps: number[];
  readonly gradients: number[][];
}

/** Value in float64, and gradient with respect to the logits if `dy` is the gradient with respect to the result. */
const oracle = (logits: number[][], labels: number[], dy: (i: number) => number): Expected => ({
  logps: logits.map((row, i) => (labels[i] === -100 ? 0 : logSoftmax(row)[labels[i]!]!)),
  gradients: logits.map((row, i) => {
    const logp = logSoftmax(row);
    return row.map((_, v) => (labels[i] === -100 ? 0 : dy(i) * (v === labels[i] ? -Math.expm1(logp[v]!) : -Math.exp(logp[v]!))));
  }),
});

/** Asserts gradients with respect to the logits, with an absolute tolerance for values of the size of probabilities. Returns them. */
async function expectProbabilities(f: (x: X) => X, logits: Nested, expected: Values): Promise<number[]> {
  const { grads } = await derivatives(f, [logits]);
  expectClose(grads[0] as Values, expected, { relative: 0, absolute: 2 * epsilon });
  return flatten(grads[0] as Values);
}

/** Log-probs beside the exact ones, relative to `|logp|` and how far it moves with the logits. */
function comparedLogProbs(got: Nested, exact: Values, logits: number[][], labels: number[]): Compared {
  const wanted = flatten(exact);
  return { got: flatten(got as Values), exact: wanted, scale: (i) => Math.abs(wanted[i]!) + movedStats(logits[i]!, labels[i]!).logps };
}

type GoldenInputs = Record<string, { logits: number[][][]; labels: number[][] }>;

describe('tokenLogProbs', () => {
  it.for(golden.records.map((r) => [`${r.source} on ${r.input}`, r] as const))('%s', async ([, record], { task }) => {
    const { logits, labels } = (golden.inputs as unknown as GoldenInputs)[record.input]!;
    const mask = tensor(labels.map((row) => row.map((l) => Number(l !== -100))));
    const logps = tokenLogProbs<X, X>(tensor(logits), ints(labels));
    await expectValues(logps, record.outputs.perToken as Values, 40);
    await expectValues(sequenceLogProbs(logps, mask), record.outputs.sum as Values, 40);
    const means = (record.outputs.mean as (number | string)[]).map((m) => (m === 'NaN' ? 0 : (m as number)));
    await expectValues(sequenceLogProbs(logps, mask, { reduction: 'mean' }), means, 40);
    if (record.source === 'exact') {
      const value = comparedLogProbs(await read(logps), record.outputs.perToken as Values, logits.flat(), labels.flat());
      expectAccurate(task.meta, 'tokenLogProbs', record.input, { value });
      return;
    }
    for (const reduction of ['sum', 'mean'] as const) {
      const { grads } = await derivatives((x) => sequenceLogProbs<X>(tokenLogProbs<X, X>(x, ints(labels)), mask, { reduction }), [logits]);
      const unweighted = (grads[0] as number[][][]).map((seq, i) => seq.map((row) => row.map((g) => g / weight(i))));
      const expected = record.outputs.grads![reduction];
      expectClose(unweighted, expected, { relative: 0, absolute: 4 * epsilon });
      // The original subtracts a probability from 1.
      const agreement = (record.agreement as Readonly<Record<string, number>>)[record.source]!;
      const gradient = { got: flatten(unweighted), exact: flatten(expected), doubt: () => 1e-15 + 1.1 * agreement };
      expectAccurate(task.meta, 'tokenLogProbs', `${record.input}, ${reduction}`, { gradient });
    }
  });

  // Vocabularies of one and two tokens, odd sizes, and sizes around 256.
  const shapes: [number, number][] = [
    [1, 1],
    [3, 2],
    [5, 47],
    [2, 123],
    [3, 255],
    [4, 256],
    [5, 257],
    [2, 1031],
  ];
  // Flat, ordinary, large and peaky logits, the last with one logit far above the rest.
  const kinds: [string, (rows: number, vocabulary: number) => number[][]][] = [
    ['flat', (n, v) => logitsOf(n, v, 0.01)],
    ['ordinary', (n, v) => logitsOf(n, v, 8)],
    ['large', (n, v) => logitsOf(n, v, 8).map((row) => row.map((x) => Math.fround(x + 1e4)))],
    ['peaky', (n, v) => logitsOf(n, v, 1).map((row, i) => row.map((x, j) => (j === (i * 31) % v ? 30 : x)))],
  ];
  describe.each(kinds)('%s logits', (kind, make) => {
    it.for(shapes)('match float64 in shape [%i, %i]', async ([rows, vocabulary], { task }) => {
      const [logits, labels] = [make(rows, vocabulary), labelsOf(rows, vocabulary)];
      const { logps, gradients } = oracle(logits, labels, weight);
      const f = (x: X) => tokenLogProbs<X, X>(x, ints(labels));
      const result = f(tensor(logits));
      await expectValues(result, logps);
      if (isFloat64) return; // no more exact than the oracle
      expectAccurate(task.meta, 'tokenLogProbs', `${kind} logits [${rows}, ${vocabulary}]`, {
        value: comparedLogProbs(await read(result), logps, logits, labels),
        gradient: { got: await expectProbabilities(f, logits, gradients), exact: gradients.flat() },
      });
    });
  });

  it('is -log V where all logits are equal, with the gradient onehot - 1 / V', async () => {
    await expectValues(tokenLogProbs<X, X>(tensor([[2, 2, 2, 2]]), ints([3])), [-Math.log(4)]);
    await expectGradients(
      (x) => tokenLogProbs<X, X>(x, ints([3])),
      [[[2, 2, 2, 2]]],
      [[[-0.25, -0.25, -0.25, 0.75].map((g) => g * weight(0))]],
    );
  });

  it('accepts [B, T, V] and flat rows', async () => {
    const [logits, labels] = [logitsOf(6, 5, 3), labelsOf(6, 5)];
    const flat = (await read(tokenLogProbs<X, X>(tensor(logits), ints(labels)))) as number[];
    const nested = tokenLogProbs<X, X>(tensor([logits.slice(0, 3), logits.slice(3)]), ints([labels.slice(0, 3), labels.slice(3)]));
    await expectValues(nested, [flat.slice(0, 3), flat.slice(3)]);
  });

  it('has a definition in plain operations that matches float64, in value and gradient', async () => {
    const [logits, labels] = [logitsOf(6, 37, 6), labelsOf(6, 37)];
    const definition = (x: X) => tokenLogProbsDefinition<X>(x, ints(labels), -100);
    const { logps, gradients } = oracle(logits, labels, weight);
    await expectValues(definition(tensor(logits)), logps, 8);
    await expectGradients(definition, [logits], [gradients]);
  });

  it('has a definition that is NaN for labels out of range, and ignores NaN in ignored rows', async () => {
    const rows = [
      [NaN, 1, Infinity],
      [1, 2, 3],
    ];
    const at = (labels: number[]) => (x: X) => tokenLogProbsDefinition<X>(x, ints(labels), -100);
    const { logps, gradients } = oracle(rows, [-100, 1], weight);
    await expectValues(at([-100, 1])(tensor(rows)), logps);
    await expectGradients(at([-100, 1]), [rows], [gradients]);
    const clean = Array<number[]>(5).fill([1, 2, 3]);
    const outside = (await read(at([-1, 0, 2, 3, 4])(tensor(clean)))) as number[];
    expect(outside.map(Number.isNaN)).toEqual([true, false, false, true, true]);
  });

  it('is 0 with zero gradient for ignored tokens, whatever their logits', async () => {
    const bad = [
      [NaN, 1, 2],
      [1, 2, 3],
      [Infinity, -Infinity, 0],
    ];
    const f = (x: X) => tokenLogProbs<X, X>(x, ints([-100, 1, -100]));
    const { logps, gradients } = oracle(bad, [-100, 1, -100], weight);
    await expectValues(f(tensor(bad)), logps);
    await expectGradients(f, [bad], [gradients]);
    await expectGradients(
      (x) => tokenLogProbs<X, X>(x, ints([-100, -100])),
      [
        [
          [NaN, 1],
          [2, 3],
        ],
      ],
      [
        [
          [0, 0],
          [0, 0],
        ],
      ],
    );
  });

  it.each([3, 40, 1500])('is NaN for a row with a NaN at any position, among %i logits', async (vocabulary) => {
    const places = [0, Math.floor(vocabulary / 2), vocabulary - 1];
    const rows = [...places, -1].map((at) => Array.from({ length: vocabulary }, (_, v) => (v === at ? NaN : Math.cos(v))));
    const f = (x: X) => tokenLogProbs<X, X>(x, ints([1, 1, 1, 1]));
    expect(((await read(f(tensor(rows)))) as number[]).map(Number.isNaN)).toEqual([true, true, true, false]);
    const { grads } = await derivatives(f, [rows]);
    expect((grads[0] as number[][]).map((row) => row.some(Number.isNaN))).toEqual([true, true, true, false]);
  });

  it('accepts -Infinity as the logit of an impossible token', async () => {
    const logits = [[0, -Infinity, 0]];
    await expectValues(tokenLogProbs<X, X>(tensor(logits), ints([2])), [-Math.LN2]);
    await expectGradients((x) => tokenLogProbs<X, X>(x, ints([2])), [logits], [[[-0.5, 0, 0.5].map((g) => g * weight(0))]]);
  });

  it('is differentiable at an intermediate value that is used twice', async () => {
    const [logits, labels] = [logitsOf(4, 11, 3), labelsOf(4, 11)];
    const { gradients } = oracle(logits, labels, weight);
    const twice = gradients.map((row) => row.map((g) => 2 * g));
    const f = (x: X) => {
      const y: X = ops.mul(x, 1);
      return ops.add(tokenLogProbs<X, X>(y, ints(labels)), tokenLogProbs<X, X>(y, ints(labels)));
    };
    await expectGradients(f, [logits], [twice]);
  });

  it('accepts another ignored label', async () => {
    const f = (ignoreIndex: number) =>
      tokenLogProbs<X, X>(
        tensor([
          [1, 2],
          [3, 4],
        ]),
        ints([ignoreIndex, 0]),
        { ignoreIndex },
      );
    const expected = [0, logSoftmax([3, 4])[0]!];
    await expectValues(f(-1), expected);
    await expectValues(f(2), expected);
  });

  it('leaks nothing', async () => {
    const [x, y] = [tensor(logitsOf(3, 9, 1)), ints([1, -100, 2])];
    expectNoLeak(() => tokenLogProbs(x, y));
    expectNoLeak(() => valueAndGradsOn(x)(([v]) => ops.sum(tokenLogProbs<X, X>(v, y)), [x]), 2);
    await read(x);
  });

  describe('bad input', () => {
    const logits = () =>
      tensor([
        [1, 2, 3],
        [4, 5, 6],
      ]);

    it('names shapes that do not fit', () => {
      const [x, three, one, row] = [logits(), ints([0, 1, 2]), ints(1), tensor([1, 2])];
      expectError(
        () => tokenLogProbs(x, three),
        RangeError,
        'tokenLogProbs: labels has shape [3], expected [2] like logits without the last axis',
      );
      expectError(() => tokenLogProbs(row, one), RangeError, 'tokenLogProbs: logits has shape [2], expected [B, T, V] or [N, V]');
      expectError(() => tokenLogProbs<X, X>(row, row), RangeError, 'tokenLogProbs: logits has shape [2], expected [B, T, V] or [N, V]');
      expectError(
        () => tokenLogProbs<X, X>(undefined, one),
        TypeError,
        'tokenLogProbs: logits is not a tensor: no registered engine owns undefined',
      );
    });

    it('names options out of range', () => {
      const [x, y] = [logits(), ints([0, 1])];
      expectError(
        () => tokenLogProbs(x, y, { ignoreIndex: 2 }),
        RangeError,
        'tokenLogProbs: ignoreIndex must be an integer outside [0, 3), got 2',
      );
      expectError(
        () => tokenLogProbs(x, y, { ignoreIndex: -0.5 }),
        RangeError,
        'tokenLogProbs: ignoreIndex must be an integer outside [0, 3), got -0.5',
      );
      expectError(
        () => tokenLogProbs(x, y, { ignore: 1 } as never),
        RangeError,
        'tokenLogProbs: unknown option ignore, expected ignoreIndex',
      );
    });

    // Plain numbers have no dtype.
    it.skipIf(isArrays)('names labels that are floats, and logits that are integers', () => {
      const [x, y, z] = [
        logits(),
        tensor([0, 1]),
        ints([
          [1, 2],
          [3, 4],
        ]),
      ];
      expectError(() => tokenLogProbs(x, y), TypeError, 'tokenLogProbs: labels has dtype float, expected int');
      const w = ints([0, 1]);
      expectError(() => tokenLogProbs(z, w), TypeError, 'tokenLogProbs: logits has dtype int, expected float');
    });

    // Elsewhere, the dtype is checked instead.
    it.runIf(isArrays)('names labels that are not integers, and ragged logits', () => {
      expectError(
        () => tokenLogProbs([[1, 2]], [0.5]),
        RangeError,
        'tokenLogProbs: value 0 of labels must be an integer in [0, 2) or -100, got 0.5',
      );
      expectError(
        () => tokenLogProbs([[1, 2], [1]], [0, 0]),
        RangeError,
        'tokenLogProbs: logits: a list is ragged: it holds entries of shape [2] and [1]',
      );
    });

    it('says how logits in a typed array become a tensor', () => {
      const advice = 'tokenLogProbs: logits is not a tensor: it is a value of type Float32Array; wrap it with tensorOf';
      expectError(() => tokenLogProbs(new Float32Array(2) as X, [1]), TypeError, advice);
      expect(tokenLogProbs(tensorOf(new Float32Array(2), [1, 2]), [1]).data[0]).toBeCloseTo(-Math.LN2, 14);
    });

    it.runIf(isReadable)('names a label out of range, where it can be read', () => {
      const x = logits();
      for (const label of [3, -1]) {
        const y = ints([0, label]);
        expectError(
          () => tokenLogProbs(x, y),
          RangeError,
          `tokenLogProbs: value 1 of labels must be an integer in [0, 3) or -100, got ${label}`,
        );
      }
    });

    it.skipIf(isReadable)('gives NaN for such a token where it cannot be read, in value and gradient', async () => {
      const rows = [
        [1, 2, 3],
        [4, 5, 6],
        [7, 8, 9],
      ];
      const f = (x: X) => tokenLogProbs<X, X>(x, ints([3, 1, -1]));
      expect(((await read(f(tensor(rows)))) as number[]).map(Number.isNaN)).toEqual([true, false, true]);
      const { grads } = valueAndGradsOn(tensor(0))(([x]) => ops.sum(f(x)), [tensor(rows)]);
      const isNaN = flatten((await read(grads[0])) as Values).map(Number.isNaN);
      expect(isNaN).toEqual([true, true, true, false, false, false, true, true, true]);
    });

    // Lists cannot be disposed.
    it.runIf(isTfjs)('names a disposed tensor', () => {
      const [x, y] = [logits(), ints([0, 1])];
      x.dispose();
      expectError(() => tokenLogProbs(x, y), TypeError, 'tokenLogProbs: logits is disposed');
    });

    it('names tensors of two engines', () => {
      const unregister = registerBackend(boxed);
      const [x, name] = [logits(), engineName];
      expectError(
        () => tokenLogProbs<unknown, unknown>(x, new Boxed([0, 1])),
        TypeError,
        `tokenLogProbs: labels is on the engine boxed, expected ${name} like logits without the last axis`,
      );
      unregister();
    });
  });
});
