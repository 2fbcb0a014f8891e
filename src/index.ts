/**
 * Preference-optimization losses, log-probs, masks and metrics on TensorFlow.js and on plain arrays.
 *
 * @packageDocumentation
 */
import { registerBackend } from './backend/backend.js';
import { tfjs } from './tfjs/backend.js';

registerBackend(tfjs);

export * from './core.js';
export { listKernels, type KernelKind } from './tfjs/kernels/registry.js';
export { frozenCopy, type ModelLike } from './tfjs/training/frozenCopy.js';
export { noGrad } from './tfjs/training/noGrad.js';
export { valueAndGrads, type Gradients, type LossAndAux } from './tfjs/training/valueAndGrads.js';
