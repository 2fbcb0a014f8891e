import type { Optimizer, Variable } from '@tensorflow/tfjs-core';

type TensorFlow = typeof import('@tensorflow/tfjs');
type Prefloss = typeof import('../../src/index.js');

/** A training, step by step. */
export interface TinyTraining {
  readonly policy: readonly Variable[];
  readonly optimizer: Optimizer;
  readonly step: (number: number) => { readonly loss: number; readonly gradients: readonly Float32Array[] };
  readonly dispose: () => void;
}

export function tinyTraining(tf: TensorFlow, prefloss: Prefloss): TinyTraining;
export function bitsOfTraining(tf: TensorFlow, prefloss: Prefloss, steps: number): string;
