import * as tf from '@tensorflow/tfjs-core';
import { hashed } from '../tools/hashed.js';
import type { TokenDivergence } from '../src/backend/types.js';
import { DIVERGENCES } from '../src/internal/divergences.js';
import { prefloss } from './built.js';
import type { DivergenceRow } from './results.js';
import type { Setup } from './setup.js';
import { time, type Timed } from './timing.js';
import { finish } from './workloads.js';

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
  const run = (divergence: TokenDivergence) => async () => {
    const of = (x: tf.Tensor3D) => tf.sum(prefloss.tokenDivergence<tf.Tensor>(x, reference, { divergence }));
    const result = tf.valueAndGrad(of)(policy);
    await finish(result);
    tf.dispose([result.value, result.grad]);
  };
  const routes = Object.fromEntries(DIVERGENCES.map((name) => [name, run(name)])) as Record<TokenDivergence, Timed>;
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
