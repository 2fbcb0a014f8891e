/** What a step of training costs on one worker, and what it exchanges with the others. */
export interface Training {
  /** Floating-point operations per weight and token: 2 for the forward pass, 2 for the backward pass, 2 for the gradients of the weights. */
  readonly operations: number;
  /** Number of weights of the model. */
  readonly weights: number;
  /** Number of weights that are trained, whose gradients are exchanged. */
  readonly trained: number;
  /** Number of tokens of a batch, of all workers together. */
  readonly tokens: number;
}

/** A worker's processor. */
export interface Processor {
  /** Floating-point operations per second. */
  readonly rate: number;
  /** Bytes of gradients per second that are copied out of the engine, and back into it. */
  readonly copyRate: number;
}

/** What connects the workers. */
export interface Network {
  /** Bytes per second of one worker's link. */
  readonly bandwidth: number;
  /** Seconds that a short message takes. */
  readonly latency: number;
}

/** Seconds of a step, by what they are spent on. */
export interface StepTime {
  readonly compute: number;
  /** Copying the gradients out of the engine and their sum back; none for one worker. */
  readonly copy: number;
  readonly exchange: number;
  readonly total: number;
}

/** Bytes of a gradient in float32. */
export const BYTES = 4;

/**
 * Seconds of an all-reduce: each worker sends `2 (n - 1) / n` times the bytes, which no algorithm can undercut, in `2 log2 n` rounds.
 *
 * @see Thakur, Rabenseifner, Gropp, "Optimization of Collective Communication Operations in MPICH", 2005, section 4.5.
 * https://doi.org/10.1177/1094342005051521
 */
export const allReduceTime = (workers: number, bytes: number, { bandwidth, latency }: Network): number =>
  2 * Math.ceil(Math.log2(workers)) * latency + (2 * (1 - 1 / workers) * bytes) / bandwidth;

/** The bandwidth at which an all-reduce takes these seconds. */
export const bandwidthOf = (workers: number, bytes: number, seconds: number): number => (2 * (1 - 1 / workers) * bytes) / seconds;

/** Seconds of a step. The rows of a batch are shared out evenly. */
export function stepTime(workers: number, training: Training, { rate, copyRate }: Processor, network: Network): StepTime {
  const { operations, weights, trained, tokens } = training;
  const bytes = BYTES * trained;
  const compute = (operations * weights * tokens) / (rate * workers);
  const copy = workers === 1 ? 0 : bytes / copyRate;
  const exchange = allReduceTime(workers, bytes, network);
  return { compute, copy, exchange, total: compute + copy + exchange };
}

/** The share of the workers' time that they would need without an exchange. */
export const efficiency = (workers: number, training: Training, processor: Processor, network: Network): number => {
  const { compute, total } = stepTime(workers, training, processor, network);
  return compute / total;
};

/** The smallest number of tokens per worker at which `workers` workers reach an efficiency. */
export function leastTokens(reached: number, workers: number, training: Training, processor: Processor, network: Network): number {
  const { copy, exchange } = stepTime(workers, training, processor, network);
  return ((reached / (1 - reached)) * (copy + exchange) * processor.rate) / (training.operations * training.weights);
}
