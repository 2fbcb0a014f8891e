import type { Environment, RouteResult } from '../results.js';
import type { Shape, WorkloadName } from '../workloads.js';

/** One workload on a GPU. */
export interface GpuRow {
  readonly workload: WorkloadName;
  readonly shape: Shape;
  readonly logitsBytes: number;
  readonly ours: RouteResult;
  readonly naive: RouteResult;
  /** Bytes that must move, the logits twice and the gradient once, over the time of a run of ours, in GB/s. */
  readonly achievedGBs: number;
  /** The same over the peak of the device. */
  readonly shareOfPeak: number;
}

/** The file that a run on a GPU writes. */
export interface GpuResults {
  readonly environment: Environment;
  readonly device: string;
  readonly driver: string;
  /** Peak of the device's memory bandwidth. */
  readonly peakGBs: number;
  readonly repeats: number;
  readonly rows: readonly GpuRow[];
}
