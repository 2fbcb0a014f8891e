import {
  add,
  div,
  minimum,
  mul,
  scalar,
  sqrt,
  square,
  tidy,
  type NamedTensorMap,
  type Scalar,
  type TensorContainerObject,
} from '@tensorflow/tfjs-core';
import { checkNumber } from '../../internal/checks.js';
import { positive } from '../../internal/domains.js';
import { sum } from '../ops/sum.js';

/** What {@link clipByGlobalNorm} gives. */
export interface ClippedGradients<G extends NamedTensorMap> extends TensorContainerObject {
  /** New gradients under the names of the given ones. */
  readonly grads: G;
  /** The norm before, a scalar on the engine. */
  readonly norm: Scalar;
}

/**
 * Gradients scaled down together where the norm of all of them is over a limit.
 *
 *     norm = sqrt(sum of all g^2)          g' = g min(1, maxNorm / (norm + 1e-6))
 *
 * Long sums keep their digits (a plain `tf.sum` of millions of values loses four on wasm), and every number of tensors is taken.
 * Where a gradient is not finite, neither is the norm: read it from time to time, and let `checkValues` of `prefloss/testing` name the
 * variable.
 *
 * @param grads - Gradients by name, as `valueAndGrads` gives them; they stay the caller's.
 * @param maxNorm - The limit, positive.
 * @returns See {@link ClippedGradients}.
 * @throws RangeError if `maxNorm` is not positive.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { clipByGlobalNorm } from 'prefloss';
 * const { grads, norm } = clipByGlobalNorm({ a: tf.tensor1d([3]), b: tf.tensor1d([4]) }, 1);
 * console.log(norm.dataSync()[0], grads.a!.dataSync()[0]!.toFixed(4)); // 5 0.6000
 * ```
 */
export function clipByGlobalNorm<G extends NamedTensorMap>(grads: G, maxNorm: number): ClippedGradients<G> {
  checkNumber('clipByGlobalNorm', 'maxNorm', maxNorm, positive);
  return tidy(() => {
    // One after the other: a GPU has few bindings for operations on many tensors.
    const squares = Object.values(grads).map((grad) => sum(square(grad)));
    const norm = sqrt(squares.reduce((total, one) => add(total, one), scalar(0))) as Scalar;
    // As PyTorch has it.
    const scale = minimum(1, div(maxNorm, add(norm, 1e-6)));
    const clipped: NamedTensorMap = Object.fromEntries(Object.entries(grads).map(([name, grad]) => [name, mul(grad, scale)]));
    return { grads: clipped as G, norm };
  });
}
