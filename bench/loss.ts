import * as tf from '@tensorflow/tfjs-core';
import { dpo } from '../src/index.js';
import { maxDifference } from './difference.js';
import type { LossRow } from './results.js';
import { time } from './timing.js';

/** Numbers of pairs. */
export const BATCHES = [8, 64, 1024] as const;

const BETA = 0.1;
const TURN_MS = 20;

type T = tf.Tensor1D;
type Route = (chosen: T, rejected: T, referenceChosen: T, referenceRejected: T) => tf.Tensor;

const ROUTES: Readonly<Record<'bare' | 'ours', Route>> = {
  bare: (chosen, rejected, referenceChosen, referenceRejected) =>
    tf.softplus(tf.mul(tf.sub(tf.sub(chosen, referenceChosen), tf.sub(rejected, referenceRejected)), -BETA)),
  ours: (chosen, rejected, referenceChosen, referenceRejected) =>
    dpo({ policy: { chosen, rejected }, reference: { chosen: referenceChosen, rejected: referenceRejected } }, { beta: BETA }),
};

/**
 * Times value and gradients of the mean DPO loss against the same formula in bare tfjs operations. Nothing here is long, so
 * the ratio is what checks, dispatch and the more accurate operations of the engine cost.
 */
export async function benchDpo(batch: number, repeats: number): Promise<LossRow> {
  const inputs = [1, 2, 3, 4].map((seed): T => tf.randomNormal([batch], -50, 10, 'float32', seed));
  const run = (route: Route) => {
    const [chosen, rejected, ...reference] = inputs as [T, T, T, T];
    return tf.valueAndGrads((c, r) => tf.mean(route(c as T, r as T, ...reference)))([chosen, rejected]);
  };
  const measured = (route: Route) => () => {
    const { value, grads } = run(route);
    tf.dispose([value, ...grads]);
  };
  const gradientOf = (route: Route) => tf.tidy(() => tf.concat(run(route).grads).dataSync() as Float32Array);

  const gradientDifference = maxDifference(gradientOf(ROUTES.bare), gradientOf(ROUTES.ours));
  const routes = { bare: measured(ROUTES.bare), ours: measured(ROUTES.ours) };
  await time(routes, { rounds: 3, turnMs: TURN_MS }); // for the just-in-time compiler
  const times = await time(routes, { rounds: repeats, turnMs: TURN_MS });
  tf.dispose(inputs);
  return { loss: 'dpo', batch, ...times, overhead: times.ours.medianMs / times.bare.medianMs, gradientDifference };
}
