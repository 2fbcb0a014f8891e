import type { TokenDivergence } from '../src/backend/types.js';
import type { BackendName, StudyName } from './options.js';
import type { Shape, WorkloadName } from './workloads.js';

/** The reason why a measurement is missing. */
export interface Skipped {
  readonly skipped: string;
}

/** The size of the growing axis. */
export const sizeOf = ({ axis, shape }: GrowthRow): number => shape['BTV'.indexOf(axis[0]!)]!;

export const isSkipped = (result: object): result is Skipped => 'skipped' in result;

/** Times of one route on one workload. */
export interface Measurement {
  readonly medianMs: number;
  readonly fastestMs: number;
  readonly samples: number;
}

/** A {@link Measurement} with memory beyond the logits, as multiples of them. */
export interface RouteResult extends Measurement {
  /** Median time of this route over ours: above 1, ours is faster. */
  readonly timeOverOurs: number;
  /** Peak of the storage allocated by the engine, if it can be counted. */
  readonly storageOverLogits?: number;
  /** Peak of the resident memory of a separate process. */
  readonly residentOverLogits?: number;
}

/** Forward and backward pass from logits to a value, for each route. */
export interface HeadRow {
  readonly workload: WorkloadName;
  readonly shape: Shape;
  readonly logitsBytes: number;
  readonly ours: RouteResult;
  readonly naive: RouteResult;
  /** The PyTorch routes, on the CPU; absent for webgpu. */
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
  /** Median time of ours over that of plain operations. */
  readonly overhead: number;
  readonly gradientDifference: number;
}

/** Value and gradient of a divergence, from the logits of both models. */
export interface DivergenceRow {
  readonly divergence: TokenDivergence;
  readonly shape: Shape;
  readonly ours: Measurement;
  /** Median time over that of the forward KL. */
  readonly timeOverForward: number;
}

/** The growing axes: those of the log-prob head's logits, and the vocabulary of the linear form. */
export const AXES = ['B', 'T', 'V', 'V, linear'] as const;

/** Our route of the log-prob head at one size of a growing axis. */
export interface GrowthRow extends Measurement {
  readonly axis: (typeof AXES)[number];
  /** For the linear form: rows, width, vocabulary. */
  readonly shape: Shape;
  /** Peak of the storage allocated by the engine beyond the logits. */
  readonly peakBytes: number;
}

/** The linear form, from hidden states and output embedding, against materialised logits. */
export interface LinearRow {
  readonly shape: readonly [rows: number, width: number, vocabulary: number];
  readonly weight: 'frozen' | 'trainable';
  readonly materialised: Measurement;
  readonly ours: Measurement;
  /** Median time of ours over the materialised form's. */
  readonly timeOverMaterialised: number;
  /** Peak storage beyond inputs and gradients, as multiples of the logits. */
  readonly materialisedOverLogits: number;
  readonly oursOverLogits: number;
}

/** Loss and gradients of a whole model, against a loss written by hand in TensorFlow.js. */
export interface StepRow {
  readonly model: string;
  readonly shape: Shape;
  readonly ours: Measurement;
  readonly naive: Measurement;
  /** Median time of ours over that of the hand-written loss. */
  readonly timeOverNaive: number;
  /** Peak storage of ours over that of the hand-written loss, both beyond the weights and the batch. */
  readonly memoryOverNaive: number;
}

/** A function of values in memory, without an engine. */
export interface ArraysRow {
  readonly what:
    'dpo, value' | 'dpo, value and gradients' | 'list read and written' | 'tokenLogProbs, value' | 'tokenLogProbs, value and gradient';
  readonly form: '{ data, dims }' | 'lists';
  /** Pairs, entries of the list, or logits. */
  readonly numbers: number;
  readonly ours: Measurement;
  /** A loop written by hand, or the kernel of the cpu backend; absent where there is nothing to compare with. */
  readonly baseline?: Measurement;
  /** Fastest time of ours over that of the baseline. */
  readonly timeOverBaseline?: number;
}

/** Compiled value and gradients on jax-js, against the same formula by hand in jax-js. */
export interface JaxRow {
  /** The loss, `step of a model` or `tokenLogProbs`. */
  readonly what: string;
  /** Pairs, or the shape of the logits. */
  readonly size: string;
  readonly ours: Measurement;
  readonly byHand: Measurement;
  /** Median time of ours over that of the formula by hand. */
  readonly timeOverHand: number;
  /** The log-prob head on the wasm backend of TensorFlow.js: with our kernel, and in plain operations. */
  readonly kernel?: Measurement;
  readonly plain?: Measurement;
}

/** The rows of each study. */
export interface StudyRows {
  readonly heads: readonly HeadRow[];
  readonly divergences: readonly DivergenceRow[];
  readonly losses: readonly LossRow[];
  readonly growth: readonly GrowthRow[];
  readonly linear: readonly LinearRow[];
  readonly steps: readonly StepRow[];
  readonly arrays: readonly ArraysRow[];
  readonly jax: readonly JaxRow[];
}

/** All studies on one backend. */
export interface BackendResult {
  readonly backend: BackendName;
  /** Threads of the engine and of the PyTorch it is compared with; absent for webgpu. */
  readonly threads?: number;
  readonly adapter?: string;
  readonly studies: { readonly [Name in StudyName]?: StudyRows[Name] | Skipped };
}

/** The machine and the versions behind the numbers. */
export interface Environment {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly os: string;
  readonly node: string;
  readonly versions: Readonly<Record<string, string>>;
}

/** The file written by a run. */
export interface Results {
  readonly environment: Environment;
  readonly repeats: number;
  readonly backends: readonly BackendResult[];
}

/** The rows of one study on one backend; empty if it was skipped. */
export function rowsOf<Name extends keyof StudyRows>(result: BackendResult | undefined, study: Name): StudyRows[Name] | readonly [] {
  const rows = (result?.studies as Partial<Record<string, object>> | undefined)?.[study];
  return rows === undefined || isSkipped(rows) ? [] : (rows as StudyRows[Name]);
}

/** Nanoseconds that each number takes, at best. */
export const nanosecondsPerNumber = ({ ours, numbers }: ArraysRow): number => (1e6 * ours.fastestMs) / numbers;
