/**
 * Preference-optimization losses, log-probs, masks, data, training and metrics on TensorFlow.js, on plain lists and on tensors in memory.
 *
 * @packageDocumentation
 */
import type { Scalar, Tensor, Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import { registerBackend } from './backend/registry.js';
import { tfjs } from './tfjs/adapter.js';
import { warnOfMissingUtil } from './tfjs/nodeUtil.js';

registerBackend(tfjs);
warnOfMissingUtil();

declare global {
  interface PreflossTensorTypes<T> {
    // Written out: TypeScript does not recognize an alias in the ES module's and in the CommonJS declarations as one type.
    tfjs: T extends Tensor
      ? {
          reduced: T extends Tensor3D ? Tensor2D : T extends Tensor2D ? Tensor1D : T extends Tensor1D ? Scalar : T;
          raised: T extends Tensor2D ? Tensor3D : T extends Tensor1D ? Tensor2D : T;
          scalar: Scalar;
        }
      : never;
  }
}

export * from './core.js';
export * from './data/index.js';
export { checkDevice } from './tfjs/device.js';
export { listKernels, type KernelKind } from './tfjs/listKernels.js';
export { AdamW, type AdamWOptions } from './tfjs/training/adamW.js';
export { loadCheckpoint, saveCheckpoint, type CheckpointParts, type TrainingState } from './tfjs/training/checkpoint.js';
export { clipByGlobalNorm, type ClippedGradients, type GradientContainer } from './tfjs/training/clipByGlobalNorm.js';
export { frozenCopy } from './tfjs/training/frozenCopy.js';
export { GradientAccumulator } from './tfjs/training/gradientAccumulator.js';
export { noGrad } from './tfjs/training/noGrad.js';
export { precomputeReference, type PrecomputeOptions, type ValuesOf } from './tfjs/training/precomputeReference.js';
export { cosineSchedule, linearSchedule, type Schedule, type ScheduleOptions } from './tfjs/training/schedules.js';
export { Bema, syncReference, type BemaOptions } from './tfjs/training/syncReference.js';
export type { ModelLike, Variables } from './tfjs/training/variables.js';
export { valueAndGrads } from './tfjs/training/valueAndGrads.js';
export type { Gradients, LossAndAux } from './tfjs/training/valueAndVariableGrads.js';
