import { tidy, type TensorContainer } from '@tensorflow/tfjs-core';

/** `tf.tidy`, typed so that `f` can return any record or list of tensors. */
export const scope = <R>(f: () => R): R => tidy(f as () => TensorContainer) as R;
