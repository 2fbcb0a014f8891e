import { clone, tidy, type TensorContainer } from '@tensorflow/tfjs-core';
import { untaped } from '../tape.js';
import { mapTensors } from './mapTensors.js';

/**
 * Runs `f` outside the gradient tape: its result counts as a constant, and no intermediate value is kept for the backward
 * pass. This is where a frozen reference model belongs when it runs inside a differentiated function.
 *
 * @param f - Gives a tensor, or a record or list of tensors.
 * @returns What `f` returns; everything else that it made is disposed.
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
  return tidy(() => untaped(() => mapTensors(f(), clone)) as TensorContainer) as R;
}
