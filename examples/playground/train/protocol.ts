import type { Pair } from 'prefloss';
import type { LossName } from '../../train-tiny-gpt/objectives.js';

/** Backends that the page trains on. */
export type Backend = 'webgpu' | 'wasm';

/** A loss of the library, or the source of one that the user wrote. */
export type TrainedLoss = LossName | CustomLoss;

/** A loss that is compiled in the worker. */
interface CustomLoss {
  readonly kind: 'custom';
  readonly source: string;
}

/** Settings of a run. */
export interface RunOptions {
  readonly loss: TrainedLoss;
  readonly backend: Backend;
  /** Seed of the initial weights, the split and the order of the pairs. */
  readonly seed: number;
  readonly beta: number;
  /** Peak learning rate of the preference training. */
  readonly learningRate: number;
  /** Pairs per update. */
  readonly batchSize: number;
  /** Held-out pairs that an evaluation takes; all if there are fewer. */
  readonly heldOut: number;
  /** Updates of supervised fine-tuning. */
  readonly sftSteps: number;
  /** Updates of preference training. */
  readonly steps: number;
}

/** What the page tells the worker. `step` makes one update and then pauses. */
export type Command =
  | { readonly type: 'start'; readonly options: RunOptions }
  | { readonly type: 'pause' | 'resume' | 'step' | 'reset' }
  /** Goes on from the last checkpoint of a run that failed. */
  | { readonly type: 'recover'; readonly backend: Backend; readonly learningRate: number };

/** Fine-tuning on demonstrations, then training with a preference loss. */
export type Phase = 'sft' | 'preference';

/** The place in a run: the number of updates of a phase. */
interface At {
  readonly phase: Phase;
  readonly step: number;
}

/** The pairs of a batch. */
export interface BatchPairs {
  /** Summed log-probs of the completions, in nats. */
  readonly policy: Pair<readonly number[]>;
  readonly reference: Pair<readonly number[]>;
  /** Tokens of the completions. */
  readonly lengths: Pair<readonly number[]>;
}

/** A held-out question with the model's answers. */
export interface Answer {
  readonly question: string;
  readonly expected: string;
  readonly before: string;
  /** Undefined until the preference training has been evaluated. */
  readonly after?: string;
}

/** What the worker tells the page. */
export type Report =
  | { readonly type: 'status'; readonly status: 'idle' | 'starting' | 'running' | 'paused' | 'done' }
  /** The backend that runs, and what its user should know. */
  | { readonly type: 'backend'; readonly backend: string; readonly notice?: string }
  /** The update that makes `step` updates: metrics of its batch, measured before it, and its time, evaluation included. */
  | (At & {
      readonly type: 'batch';
      readonly metrics: Readonly<Record<string, number>>;
      /** In the preference training. */
      readonly pairs?: BatchPairs;
      readonly milliseconds: number;
    })
  /** Metrics of the held-out pairs after `step` updates. */
  | (At & { readonly type: 'evaluation'; readonly metrics: Readonly<Record<string, number>> })
  | { readonly type: 'answers'; readonly answers: readonly Answer[] }
  /** The run starts again at an earlier step. Metrics after it are measured again. */
  | (At & { readonly type: 'rewind' })
  /** The run has stopped. `checkpoint` is where it can go on; it is missing if nothing was saved yet. */
  | { readonly type: 'failed'; readonly message: string; readonly isLost: boolean; readonly checkpoint?: At };
