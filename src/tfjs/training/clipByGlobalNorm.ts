import { add, div, mul, scalar, sqrt, square, tidy, type Scalar, type Tensor, type TensorContainerObject } from '@tensorflow/tfjs-core';
import { checkNumber } from '../../internal/checks.js';
import { positive } from '../../internal/domains.js';
import { minimum } from '../ops/extremes.js';
import { sum } from '../ops/sum.js';
import { checkGradient } from './gradients.js';
import { mapLeaves } from './mapLeaves.js';

/** Gradients by variable name, or in lists and records nested to any depth. */
export type GradientContainer = Tensor | GradientContainer[] | { [name: string]: GradientContainer };

/** Result of {@link clipByGlobalNorm}. */
export interface ClippedGradients<G extends GradientContainer> extends TensorContainerObject {
  /** The scaled gradients, as new tensors in the same lists and records. */
  readonly grads: G;
  /** The norm before scaling, a scalar tensor; 0 if there are no gradients. */
  readonly norm: Scalar;
}

/**
 * Scales all gradients by one factor so that their global norm is at most `maxNorm`.
 *
 *     norm = sqrt(sum of all g^2)          g' = g min(1, maxNorm / (norm + 1e-6))
 *
 * Sums over millions of values keep their digits (`tf.sum` on wasm can be off by several percent), and the number of tensors is not
 * limited by a GPU's bindings.
 *
 * If a gradient is not finite, neither is the norm. As with PyTorch's `clip_grad_norm_`, a norm of NaN makes all gradients NaN, and one of
 * Infinity makes the finite gradients 0 and the infinite ones NaN. Check the norm before the update, and use `checkValues` of
 * `prefloss/testing` to find the variable.
 *
 * @param grads - Gradients by variable name, as `valueAndGrads` returns them, or in lists and records. The caller disposes them.
 * @param maxNorm - Largest norm, finite and positive.
 * @returns See {@link ClippedGradients}. The caller disposes all its tensors.
 * @throws TypeError if `grads` contains anything but live tensors; the message names its path.
 * @throws RangeError if `maxNorm` is not finite and positive.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { clipByGlobalNorm } from 'prefloss';
 * const { grads, norm } = clipByGlobalNorm({ a: tf.tensor1d([3]), b: tf.tensor1d([4]) }, 1);
 * console.log(norm.dataSync()[0], grads.a!.dataSync()[0]!.toFixed(4)); // 5 0.6000
 * ```
 */
export function clipByGlobalNorm<G extends GradientContainer>(grads: G, maxNorm: number): ClippedGradients<G> {
  const fn = 'clipByGlobalNorm';
  checkNumber(fn, 'maxNorm', maxNorm, positive);
  const all: { readonly path: string; readonly grad: Tensor }[] = [];
  mapLeaves(`${fn}: grads`, grads, (leaf, path) => {
    checkGradient(fn, `grads${path}`, leaf);
    all.push({ path, grad: leaf });
  });
  // The sum depends on the order in the last digits. TensorFlow.js numbers variables without a name, so '9' must come before '10', as '19'
  // before '20': a model that is made again, whose variables have later numbers, then has the same norm.
  all.sort((a, b) => a.path.localeCompare(b.path, 'en', { numeric: true }));
  return tidy(() => {
    // Added one by one, because a GPU limits the number of bindings, and so of tensors, per operation.
    const squares = all.map(({ grad }) => sum(square(grad)));
    const norm = sqrt(squares.reduce((total, one) => add(total, one), scalar(0))) as Scalar;
    // The 1e-6 is PyTorch's.
    const scale = minimum(div(maxNorm, add(norm, 1e-6)), 1);
    return { grads: mapLeaves(`${fn}: grads`, grads, (grad) => mul(grad as Tensor, scale)) as G, norm };
  });
}
