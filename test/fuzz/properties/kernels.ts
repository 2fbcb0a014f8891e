import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import fc from 'fast-check';
import { backendOf, tokenDivergence, tokenLogProbs, tokenStats, valueAndGrads } from '../../../src/index.js';
import { DIVERGENCES } from '../../../src/internal/divergences.js';
import { generator } from '../../../src/internal/random.js';
import { hasTfjsNode, loadTfjsNode } from '../../../tools/tfjs-node.js';
import { BOUNDS, precisionOf, type EngineName } from '../../support/bounds.js';
import { softmax, STATS } from '../../support/distributions.js';
import { movedDivergence, movedStats } from '../../support/movedByLogits.js';
import { ensure, property } from '../property.js';

// The fused kernels on logits of any shape and size equal the definitions on plain arrays, in float64, within the stated bounds.

/** Logits: a seed of their values, and what they are like. */
interface Drawn {
  readonly seed: number;
  readonly rows: number;
  readonly vocabulary: number;
  readonly scale: number;
  readonly shift: number;
  /** Share of logits that are one of `EXTREMES`, of rows that are ignored, and of NaN in ignored rows. */
  readonly share: number;
  /** Weight of the reference in the mixture of the Jensen-Shannon divergence. */
  readonly weight: number;
}

const EXTREMES = [-Infinity, -1e30, 1e30, -1e4, 1e4, 0, 1e-40];
const input: fc.Arbitrary<Drawn> = fc.record({
  seed: fc.nat(2 ** 31),
  rows: fc.integer({ min: 1, max: 7 }),
  vocabulary: fc.oneof(fc.integer({ min: 1, max: 70 }), fc.constantFrom(127, 128, 129, 255, 257, 1028, 1031)),
  scale: fc.constantFrom(0, 1e-3, 1, 8, 40),
  shift: fc.constantFrom(0, 100, -1e4),
  share: fc.constantFrom(0, 0.05, 0.5),
  weight: fc.constantFrom(0.5, 0.1, 0.9, 1e-3),
});

type Matrix = number[][];

function logitsOf({ rows, vocabulary, scale, shift, share }: Drawn, random: () => number): Matrix {
  const pick = (): number => EXTREMES[Math.floor(random() * EXTREMES.length)]!;
  const logit = (): number => (random() < share ? pick() : shift + scale * (2 * random() - 1));
  // A row of impossible tokens only has no probabilities.
  return Array.from({ length: rows }, () => Array.from({ length: vocabulary }, (_, v) => Math.fround(v === 0 ? shift : logit())));
}

const UNIT = 2 ** -precisionOf('cpu');
/** Engines flush smaller numbers to 0. */
const SMALLEST = 2 ** -126;

function ensureClose(what: string, got: ArrayLike<number>, exact: ArrayLike<number>, bound: number, scale: (i: number) => number): void {
  ensure(got.length === exact.length, () => `${what}: ${got.length} values, expected ${exact.length}`);
  for (let i = 0; i < exact.length; i++) {
    const [a, b] = [got[i]!, exact[i]!];
    const isSame = Object.is(a, b) || Math.abs(a - b) <= bound * UNIT * Math.max(1, scale(i)) + SMALLEST;
    ensure(isSame, () => `${what}[${i}] is ${a}, expected ${b}; ${(Math.abs(a - b) / UNIT / Math.max(1, scale(i))).toPrecision(3)} units`);
  }
}

const valuesOf = (x: unknown): ArrayLike<number> => backendOf(x).peek(x)!;
/** Logits with a number in place of those of impossible tokens, whose products with a probability of 0 are 0. */
const finite = (row: readonly number[]): number[] => row.map((x) => Math.max(x, -1e30));

function holdsOn(engine: EngineName, drawn: Drawn): void {
  const random = generator(drawn.seed);
  const logits = logitsOf(drawn, random);
  const reference = logits.map((row) => row.map((x) => Math.fround(x + random())));
  const labels = logits.map((row) => (random() < drawn.share ? -100 : Math.floor(random() * row.length)));
  // What an ignored row holds does not matter.
  const given = logits.map((row, i) => (labels[i] === -100 ? row.map((x) => (random() < 0.5 ? NaN : x)) : row));
  const bounds = BOUNDS[engine];

  const moved = logits.map((row, i) => movedStats(finite(row), labels[i]!));
  const exact = tokenStats(logits, labels);
  const tensors = [given, logits, reference].map((x) => tf.tensor2d(x));
  const ids = tf.tensor1d(labels, 'int32');
  const stats = tokenStats(tensors[0]!, ids);
  for (const name of STATS) {
    const wanted = valuesOf(exact[name]);
    const scale = (i: number) => (name === 'correct' ? 0 : Math.abs(wanted[i]!) + moved[i]![name]);
    ensureClose(`${name} of tokenStats`, valuesOf(stats[name]), wanted, name === 'correct' ? 0 : bounds.value, scale);
  }

  const weight = tf.variable(tensors[0]!);
  const { logps, grads } = valueAndGrads(() => {
    const all = tokenLogProbs(weight as tf.Tensor2D, ids);
    return { loss: tf.sum(all) as tf.Scalar, logps: all };
  }, [weight]);
  const wanted = valuesOf(tokenLogProbs(logits, labels));
  ensureClose('tokenLogProbs', valuesOf(logps), wanted, bounds.value, (i) => Math.abs(wanted[i]!) + moved[i]!.logps);
  const slopes = logits.flatMap((row, i) => softmax(row).map((p, v) => (labels[i] === -100 ? 0 : Number(v === labels[i]) - p)));
  ensureClose('the gradient of tokenLogProbs', valuesOf(grads[weight.name]), slopes, bounds.gradient!, () => 1);

  // The reference has the same impossible tokens, so every divergence is finite.
  const movedBoth = logits.map(
    (row, i) => movedDivergence(finite(row), finite(reference[i]!)) + movedDivergence(finite(reference[i]!), finite(row)),
  );
  for (const divergence of DIVERGENCES) {
    const options = divergence === 'jensenShannon' ? { divergence, weight: drawn.weight } : { divergence };
    const divergences = valuesOf(tokenDivergence(tensors[1]!, tensors[2]!, options));
    const exactly = valuesOf(tokenDivergence(logits, reference, options));
    ensureClose(`tokenDivergence, ${divergence}`, divergences, exactly, bounds.value, (i) => exactly[i]! + movedBoth[i]!);
  }
  weight.dispose();
}

const BACKENDS = { cpu: 'cpu', wasm: 'wasm', ...(hasTfjsNode() && { 'tfjs-node': 'tensorflow' }) };

export const kernels = Object.entries(BACKENDS).map(([engine, backend]) =>
  property<Drawn>({
    name: `the kernels on ${engine} equal float64`,
    runs: 60,
    input,
    holds: async (drawn) => {
      if (backend === 'tensorflow') await loadTfjsNode();
      await tf.setBackend(backend);
      const before = tf.memory().numTensors;
      tf.engine().startScope();
      try {
        holdsOn(engine as EngineName, drawn);
      } finally {
        tf.engine().endScope();
      }
      ensure(tf.memory().numTensors === before, () => `${tf.memory().numTensors - before} tensors are left`);
    },
  }),
);
