import type { BackendName } from './options.js';

/** One route (naive or ours) on one workload. */
export interface Measurement {
  readonly medianMs: number;
  readonly fastestMs: number;
  readonly samples: number;
}

/** As {@link Measurement}, with the storage in use at the peak. */
interface HeadMeasurement extends Measurement {
  /** Largest storage in use during forward and backward pass, without the logits' own buffer. */
  readonly peakBytes: number;
  /** The same as a multiple of the logits. */
  readonly peakOverLogits: number;
}

/** Forward and backward pass from logits to token log-probs. */
export interface HeadRow {
  readonly shape: readonly number[];
  /** Share of the labels that do not count, as those of prompts. */
  readonly ignored: number;
  readonly logitsBytes: number;
  readonly naive: HeadMeasurement;
  readonly ours: HeadMeasurement;
  /** Median time of naive over that of ours: above 1, ours is faster. */
  readonly speedup: number;
  /** Largest difference between the two gradients, anywhere. */
  readonly gradientDifference: number;
}

/** Forward and backward pass of a loss from log-probs. */
export interface LossRow {
  readonly loss: string;
  readonly batch: number;
  readonly bare: Measurement;
  readonly ours: Measurement;
  /** Median time of ours over that of bare operations: what dispatch and checks cost. */
  readonly overhead: number;
  readonly gradientDifference: number;
}

/** What one backend has measured, or why it has not. */
export type BackendResult =
  | { readonly backend: BackendName; readonly adapter?: string; readonly head: readonly HeadRow[]; readonly loss: readonly LossRow[] }
  | { readonly backend: BackendName; readonly skipped: string };

/** The machine and versions that the numbers belong to. */
export interface Environment {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly os: string;
  readonly node: string;
  readonly versions: Readonly<Record<string, string>>;
}

/** The file that a run writes. */
export interface Results {
  readonly environment: Environment;
  readonly repeats: number;
  readonly backends: readonly BackendResult[];
}
