import { tidy, type TensorContainer } from '@tensorflow/tfjs-core';

/** `tf.tidy` for any record or list of tensors, whose type it keeps. */
export const scope = <R>(f: () => R): R => tidy(f as () => TensorContainer) as R;
