import { mul, type Tensor } from '@tensorflow/tfjs-core';
import { sigmoid } from '../../ops/elementary/elementary.js';
import { tanh } from '../../ops/tanh.js';

/** `cap tanh(x)`, or `x` if `cap` is undefined. */
export const softcap = (x: Tensor, cap: number | undefined): Tensor => (cap === undefined ? x : mul(tanh(x), cap));

/** `y` times the slope of the softcap at `x`, `cap (1 - tanh(x)^2)` computed without cancellation; `y` if `cap` is undefined. */
export const timesSoftcapSlope = (y: Tensor, x: Tensor, cap: number | undefined): Tensor =>
  cap === undefined ? y : mul(y, mul(mul(sigmoid(mul(x, 2)), sigmoid(mul(x, -2))), 4 * cap));
