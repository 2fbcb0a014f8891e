import { tanh as stockTanh, type Tensor } from '@tensorflow/tfjs-core';
import { tanh as accurateTanh } from '../../backend/ops.js';
import { isSynchronous } from '../synchronous.js';

/** The hyperbolic tangent, accurate relative to its value. A GPU's own loses digits near 0 and may overflow. */
export const tanh = (x: Tensor): Tensor => (isSynchronous() ? stockTanh(x) : accurateTanh(x));
