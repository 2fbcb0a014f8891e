import { customGrad, zeros, type Tensor } from '@tensorflow/tfjs-core';

/** The result of `make`, which does not depend on the values of `x`: the gradient with respect to `x` is zeros, not missing. */
export const withoutSlope = (x: Tensor, make: () => Tensor): Tensor =>
  x.dtype === 'float32' ? customGrad(() => ({ value: make(), gradFunc: () => zeros(x.shape) }))(x) : make();
