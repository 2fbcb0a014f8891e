import * as tf from '@tensorflow/tfjs-core';
import { hashed } from '../tools/hashed.js';
import { prefloss } from './built.js';
import { DIVERGENCES, type DivergenceRow } from './results.js';
import type { Setup } from './setup.js';
import { time, type Timed } from './timing.js';

const SHAPE = [2, 64, 32000] as const;
const QUICK = [2, 16, 8192] as const;

const TURN_MS = 100;

/** Times value and gradient of each divergence between the tokens of two models. */
export async function benchDivergences({ repeats, quick }: Setup): Promise<DivergenceRow[]> {
  const shape = quick ? QUICK : SHAPE;
  const [policy, reference] = [1, 2].map((seed) => tf.tensor3d(hashed(shape[0] * shape[1] * shape[2], seed, 4), [...shape])) as [
    tf.Tensor3D,
    tf.Tensor3D,
  ];
  const run = (divergence: (typeof DIVERGENCES)[number]) => async () => {
    const of = (x: tf.Tensor3D) => tf.sum(prefloss.tokenDivergence<tf.Tensor>(x, reference, { divergence }));
    const { value, grad } = tf.valueAndGrad(of)(policy);
    // A GPU has finished once a result can be read.
    const one = tf.tidy(() => tf.slice(tf.reshape(grad, [-1]), [0], [1]));
    await one.data();
    tf.dispose([value, grad, one]);
  };
  const routes = Object.fromEntries(DIVERGENCES.map((name) => [name, run(name)])) as Record<(typeof DIVERGENCES)[number], Timed>;
  for (const name of DIVERGENCES) await routes[name]();
  const times = await time(routes, { rounds: repeats, turnMs: TURN_MS });
  tf.dispose([policy, reference]);
  return DIVERGENCES.map((divergence) => ({
    divergence,
    shape,
    ours: times[divergence],
    timeOverForward: times[divergence].medianMs / times.forwardKl.medianMs,
  }));
}
