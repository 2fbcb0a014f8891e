import type { TaskName } from '../../examples/train-tiny-gpt/tasks.js';
import type { Environment } from '../results.js';

/** The backends that are measured, with one thread. */
export const SCALE_BACKENDS = ['wasm', 'tfjs-node'] as const;
export type ScaleBackend = (typeof SCALE_BACKENDS)[number];

/** How the workers of one machine reach each other. */
export type Transport = 'shared memory' | 'TCP';

/** Times of an all-reduce, medians. */
export interface ExchangeRow {
  readonly transport: Transport;
  readonly workers: number;
  /** Of one float. */
  readonly latencyMs: number;
  /** Sizes up to the first that takes more than two seconds. */
  readonly sizes: readonly { readonly bytes: number; readonly ms: number }[];
}

/** What each worker's engine does while `workers` of them do the same. */
export interface EngineRow {
  readonly backend: ScaleBackend;
  readonly workers: number;
  /** Floating-point operations per second of matrix products of the sizes of the tiny GPT, and of a model of 135M weights. */
  readonly tinyRate: number;
  readonly largeRate: number;
  /** Bytes of gradients per second out of the engine and back. */
  readonly copyRate: number;
}

/** Milliseconds of a step, by what they are spent on; medians. */
export interface Phases {
  /** Forward and backward pass. */
  readonly compute: number;
  /** From the gradients to one vector, and from their sum to tensors. */
  readonly copy: number;
  /** Waiting for the slowest worker. */
  readonly wait: number;
  readonly exchange: number;
  /** Clipping and AdamW. */
  readonly update: number;
  readonly total: number;
}

/** A step of the tiny GPT with DPO. */
export interface StepRow {
  readonly backend: ScaleBackend;
  readonly task: TaskName;
  readonly workers: number;
  readonly weights: number;
  /** Tokens of the largest part of the batch, padding included. */
  readonly tokens: number;
  readonly phases: Phases;
  /** Time of one worker over that of these, in one round of turns; median. */
  readonly speedUp: number;
  /** Steps behind each round's median. */
  readonly samples: number;
  /** One worker alone: the whole step over one without an exchange, by turns; and a quarter of the batch. */
  readonly alone?: { readonly overhead: number; readonly quarter: { readonly tokens: number; readonly compute: number } };
}

/** The file that `npm run bench:scale` writes. */
export interface ScaleResults {
  readonly environment: Environment;
  readonly mpi: string;
  readonly rounds: number;
  readonly exchange: readonly ExchangeRow[];
  readonly engines: readonly EngineRow[];
  readonly steps: readonly StepRow[];
}
