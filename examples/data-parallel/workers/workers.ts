/**
 * The processes that train together, and what an engine of communication does for them. Every worker must call the same
 * functions in the same order; each call waits for all of them.
 */
export interface Workers {
  /** Number of this worker, from 0. */
  readonly rank: number;
  /** Number of workers. */
  readonly size: number;
  /** Adds up values over all workers, place by place, into `values`; every worker gets the same bits. All have the same length. */
  sum(values: Float32Array | Float64Array): Promise<void>;
  /** As `sum`, with the largest of the values; NaN is not allowed. Training does not need it; `npm run bench:scale` does. */
  max(values: Float64Array): Promise<void>;
  /** Returns the bytes of every worker, by rank; they may differ in length, and be none. */
  gather(bytes: Uint8Array): Promise<readonly Uint8Array[]>;
  /** Ends the job normally. */
  close(): Promise<void>;
  /** Ends this process and all others at once, as after an error: they may be waiting for this one. */
  abort(): never;
}
