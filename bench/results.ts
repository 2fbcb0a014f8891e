import type { BackendName, StudyName } from './options.js';
import type { Shape, WorkloadName } from './workloads.js';

/** Why there is no measurement. */
export interface Skipped {
  readonly skipped: string;
}

/** The size of the axis that grows. */
export const sizeOf = ({ axis, shape }: GrowthRow): number => shape['BTV'.indexOf(axis[0]!)]!;

export const isSkipped = (result: object): result is Skipped => 'skipped' in result;

/** Times of one route on one workload. */
export interface Measurement {
  readonly medianMs: number;
  readonly fastestMs: number;
  readonly samples: number;
}

/** As {@link Measurement}, with memory beyond the logits, as multiples of them. */
export interface RouteResult extends Measurement {
  /** Median time over that of ours: above 1, ours is faster. */
  readonly timeOverOurs: number;
  /** Peak of the storage that the engine has taken, where it can be counted. */
  readonly storageOverLogits?: number;
  /** Peak of the resident memory of a process of its own. */
  readonly residentOverLogits?: number;
}

/** Forward and backward pass from logits to a value, by each route. */
export interface HeadRow {
  readonly workload: WorkloadName;
  readonly shape: Shape;
  readonly logitsBytes: number;
  readonly ours: RouteResult;
  readonly naive: RouteResult;
  /** Those of PyTorch on the CPU, with which webgpu is not compared. */
  readonly selectiveLogSoftmax?: RouteResult;
  readonly logSoftmaxGather?: RouteResult;
  /** Largest difference between the gradients of naive and ours, relative to the largest gradient. */
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

/** The axes that grow: of the logits of the log-prob head, and the vocabulary of the linear form. */
export const AXES = ['B', 'T', 'V', 'V, linear'] as const;

/** The log-prob head by our route, with one axis longer and longer. */
export interface GrowthRow extends Measurement {
  readonly axis: (typeof AXES)[number];
  /** Of the linear form: rows, width, vocabulary. */
  readonly shape: Shape;
  /** Peak of the storage that the engine has taken beyond the logits. */
  readonly peakBytes: number;
}

/** The linear form, hidden states times output embedding, against the same with materialised logits. */
export interface LinearRow {
  readonly shape: readonly [rows: number, width: number, vocabulary: number];
  readonly weight: 'frozen' | 'trainable';
  readonly materialised: Measurement;
  readonly ours: Measurement;
  /** Median time of ours over that of the materialised form. */
  readonly timeOverMaterialised: number;
  /** Peak of the storage beyond inputs and gradients, as multiples of the logits that the linear form never makes. */
  readonly materialisedOverLogits: number;
  readonly oursOverLogits: number;
}

/** The rows of each study. */
export interface StudyRows {
  readonly heads: readonly HeadRow[];
  readonly losses: readonly LossRow[];
  readonly growth: readonly GrowthRow[];
  readonly linear: readonly LinearRow[];
}

/** What has been measured on one backend. */
export interface BackendResult {
  readonly backend: BackendName;
  /** Threads of the engine, and of the PyTorch that it is compared with; those of a GPU are not counted. */
  readonly threads?: number;
  readonly adapter?: string;
  readonly studies: { readonly [Name in StudyName]?: StudyRows[Name] | Skipped };
}

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

/** The rows of one study on one backend; none where it was skipped. */
export function rowsOf<Name extends keyof StudyRows>(result: BackendResult | undefined, study: Name): StudyRows[Name] | readonly [] {
  const rows = (result?.studies as Partial<Record<string, object>> | undefined)?.[study];
  return rows === undefined || isSkipped(rows) ? [] : (rows as StudyRows[Name]);
}
