import { clone, tidy, type TensorContainer } from '@tensorflow/tfjs-core';
import { untaped } from '../tape.js';
import { mapTensors } from './mapTensors.js';

/**
 * Runs `f` off the gradient tape: its result is a constant, and no intermediate value is kept for the backward pass. Use it for a
 * frozen reference model inside a differentiated function.
 *
 * @param f - Returns a tensor, or a record or list of tensors, nested to any depth; not a promise.
 * @returns The result of `f`, with every tensor cloned. All other tensors that `f` made are disposed.
 * @throws TypeError if the result contains a disposed tensor, or an object that is not a tensor, a record or a list.
 *
 * @example
 * ```ts no-run
 * import { noGrad, sequenceLogProbs, tokenLogProbs } from 'prefloss';
 * import type * as tf from '@tensorflow/tfjs-core';
 *
 * declare const reference: (tokens: tf.Tensor2D) => tf.Tensor3D;
 * declare const tokens: tf.Tensor2D, labels: tf.Tensor2D, mask: tf.Tensor2D;
 * const logps = noGrad(() => sequenceLogProbs(tokenLogProbs(reference(tokens), labels), mask));
 * ```
 */
export function noGrad<R>(f: () => R): R {
  return tidy(() => untaped(() => mapTensors('noGrad', f(), clone)) as TensorContainer) as R;
}
