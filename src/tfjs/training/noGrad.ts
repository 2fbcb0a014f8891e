import { clone, customGrad, dispose, keep, scalar, type Tensor } from '@tensorflow/tfjs-core';
import { mapTensors } from './mapTensors.js';

/**
 * A new tensor computed outside the gradient tape. TensorFlow.js has no function for that, but it pauses its tape in the
 * forward part of a custom gradient: so `f` runs there, as a custom operation without inputs.
 */
export function untaped(f: () => Tensor): Tensor {
  return customGrad(() => ({ value: f(), gradFunc: (): Tensor[] => [] }))();
}

/** A copy that outlives the scope it is made in, until {@link release}. */
export const retain = (tensor: Tensor): Tensor => keep(clone(tensor));

/** Hands a retained tensor over to the scope that is open now. */
export function release(tensor: Tensor): Tensor {
  const copy = clone(tensor);
  tensor.dispose();
  return copy;
}

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
  let retained: R | undefined;
  // A custom operation has one output, so what `f` returns leaves it by the side door.
  const operation = () => {
    retained = mapTensors(f(), retain);
    return scalar(0);
  };
  dispose(untaped(operation));
  return mapTensors(retained as R, release);
}
