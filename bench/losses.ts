import * as tf from '@tensorflow/tfjs-core';
import { prefloss } from './built.js';
import { gradientDifference } from './difference.js';
import { hashed } from '../tools/hashed.js';
import type { LossRow } from './results.js';
import type { Setup } from './setup.js';
import { timeByTurns } from './timing.js';

/** Numbers of pairs. */
const BATCHES = [8, 64, 1024];

const { cpo, dpo, ipo, kto, orpo, simpo } = prefloss;

const BETA = 0.1;
const GAMMA = 0.5;
const LAMBDA = 0.1;
/** Timed calls per repetition; fewer on backends whose dispatch is slow. */
const CALLS = { cpu: 500, wasm: 500, 'tfjs-node': 200, webgpu: 60 } as const;

type T = tf.Tensor1D;
type Formula = (...inputs: T[]) => tf.Tensor;

/** A loss as its formula reads in plain TensorFlow.js operations, and as this library computes it. */
interface Case {
  /** How many of the inputs, from the first on, get a gradient. */
  readonly trained: number;
  readonly inputs: (batch: number) => readonly T[];
  readonly bare: Formula;
  readonly ours: Formula;
}

const uniform = (batch: number, seed: number, centre: number, width: number): T => tf.tensor1d(hashed(batch, seed, width, centre));
const sums = (count: number) => (batch: number) => Array.from({ length: count }, (_, i) => uniform(batch, i + 1, -50, 10));
const means = (batch: number) => [uniform(batch, 1, -1.5, 1), uniform(batch, 2, -1.5, 1)];

const negLogSigmoid = (x: tf.Tensor): tf.Tensor => tf.softplus(tf.neg(x));
const margin = (chosen: T, rejected: T, referenceChosen: T, referenceRejected: T): tf.Tensor =>
  tf.sub(tf.sub(chosen, referenceChosen), tf.sub(rejected, referenceRejected));
/** `log(p / (1 - p))`, accurate near p = 1 and finite at 1, with the gradient of the library's `log1mexp`. */
const logOdds = (x: T): tf.Tensor => {
  const still = tf.sub(x, prefloss.stopGradient(x));
  return tf.sub(x, tf.log(tf.neg(tf.expm1(tf.where(tf.greater(prefloss.stopGradient(x), -1e-30), tf.sub(still, 1e-30), x)))));
};
const pairLogps = (chosen: T, rejected: T, referenceChosen: T, referenceRejected: T) => ({
  policy: { chosen, rejected },
  reference: { chosen: referenceChosen, rejected: referenceRejected },
});

const CASES: Readonly<Record<string, Case>> = {
  dpo: {
    trained: 2,
    inputs: sums(4),
    bare: (c, r, refC, refR) => negLogSigmoid(tf.mul(margin(c, r, refC, refR), BETA)),
    ours: (c, r, refC, refR) => dpo(pairLogps(c, r, refC, refR), { beta: BETA }),
  },
  ipo: {
    trained: 2,
    inputs: sums(4),
    bare: (c, r, refC, refR) => tf.square(tf.sub(margin(c, r, refC, refR), 1 / (2 * BETA))),
    ours: (c, r, refC, refR) => ipo(pairLogps(c, r, refC, refR), { beta: BETA }),
  },
  kto: {
    trained: 1,
    inputs: (batch) => [
      ...sums(2)(batch),
      tf.tensor1d(Float32Array.from({ length: batch }, (_, i) => i % 2)),
      uniform(batch, 3, 1, 1), // the KL estimate, one per example
    ],
    bare: (policy, reference, desirable, kl) => {
      const lead = tf.mul(tf.sub(tf.sub(policy, reference), kl), BETA);
      return tf.where(tf.greater(desirable, 0), tf.sigmoid(tf.neg(lead)), tf.sigmoid(lead));
    },
    ours: (policy, reference, desirable, kl) => kto({ policy: policy, reference: reference, desirable: desirable, kl: kl }, { beta: BETA }),
  },
  orpo: {
    trained: 2,
    inputs: means,
    bare: (c, r) => tf.mul(negLogSigmoid(tf.sub(logOdds(c), logOdds(r))), LAMBDA),
    ours: (c, r) => orpo({ chosen: c, rejected: r }, { lambda: LAMBDA }),
  },
  simpo: {
    trained: 2,
    inputs: means,
    bare: (c, r) => negLogSigmoid(tf.sub(tf.mul(tf.sub(c, r), BETA), GAMMA)),
    ours: (c, r) => simpo({ chosen: c, rejected: r }, { beta: BETA, gamma: GAMMA }),
  },
  cpo: {
    trained: 2,
    inputs: sums(2),
    bare: (c, r) => negLogSigmoid(tf.mul(tf.sub(c, r), BETA)),
    ours: (c, r) => cpo({ chosen: c, rejected: r }, { beta: BETA }),
  },
};

/**
 * Times value and gradients of mean losses against the same formulas in plain TensorFlow.js operations. Both are short, so
 * the ratio mostly measures argument checks, dispatch and the engine's more accurate operations.
 */
export async function benchLosses({ backend, repeats, quick }: Setup): Promise<LossRow[]> {
  const rows: LossRow[] = [];
  for (const loss of Object.keys(CASES)) {
    for (const batch of quick ? BATCHES.slice(0, 1) : BATCHES) rows.push(await benchLoss(loss, batch, CALLS[backend] * repeats));
  }
  return rows;
}

async function benchLoss(loss: string, batch: number, calls: number): Promise<LossRow> {
  const { trained, inputs: make, bare, ours } = CASES[loss]!;
  const inputs = make(batch);
  const gradientOf = async (formula: Formula): Promise<Float32Array> => {
    const rest = inputs.slice(trained);
    const { value, grads } = tf.valueAndGrads((...first) => tf.mean(formula(...(first as T[]), ...rest)))(inputs.slice(0, trained));
    // A GPU has finished once its result can be read.
    const gradient = (await grads[0]!.data()) as Float32Array;
    tf.dispose([value, ...grads]);
    return gradient;
  };
  const difference = gradientDifference(await gradientOf(bare), await gradientOf(ours));
  const routes = {
    bare: () => gradientOf(bare),
    ours: () => gradientOf(ours),
  };
  const times = await timeByTurns(routes, calls);
  tf.dispose([...inputs]);
  return { loss, batch, ...times, overhead: times.ours.medianMs / times.bare.medianMs, gradientDifference: difference };
}
