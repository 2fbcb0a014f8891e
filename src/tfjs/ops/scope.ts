import { tidy, type TensorContainer } from '@tensorflow/tfjs-core';
import { checkNodeUtil } from '../nodeUtil.js';

/** `tf.tidy`, typed so that `f` can return any record or list of tensors. */
export function scope<R>(f: () => R): R {
  checkNodeUtil();
  return tidy(f as () => TensorContainer) as R;
}
