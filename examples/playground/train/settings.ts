import { signal } from '@preact/signals';
import { ordering } from '../../train-tiny-gpt/ordering.js';
import { variant } from '../state.js';
import type { Backend, RunOptions } from './protocol.js';

const TASK = ordering();

/** The losses of the library that this task trains with. */
export const LOSSES = Object.keys(TASK.beta) as (keyof typeof TASK.beta)[];

/** What the user has set; `own` is the variant of the tab "Write your own". */
export interface Settings extends Omit<RunOptions, 'loss'> {
  readonly loss: (typeof LOSSES)[number] | 'own';
}

const pairs = TASK.rows.length - TASK.validation;
const stepsOf = (epochs: number): number => epochs * Math.ceil(pairs / TASK.batchSize);

export const settings = signal<Settings>({
  loss: 'dpo',
  backend: 'webgpu' satisfies Backend,
  seed: 0,
  beta: TASK.beta.dpo,
  learningRate: TASK.rate,
  batchSize: TASK.batchSize,
  heldOut: TASK.validation,
  sftSteps: stepsOf(TASK.sftEpochs),
  steps: stepsOf(TASK.epochs),
});

/** Changes some settings. Another loss has another beta. */
export function change(changed: Partial<Settings>): void {
  const { loss } = changed;
  const beta = loss && { beta: loss === 'own' ? 1 : TASK.beta[loss] };
  settings.value = { ...settings.value, ...beta, ...changed };
}

/** The options of a run with the current settings. */
export function optionsOf({ loss, ...others }: Settings): RunOptions {
  return { ...others, loss: loss === 'own' ? { kind: 'custom', source: variant.value!.source } : loss };
}
