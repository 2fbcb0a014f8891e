import { allReduceTime, bandwidthOf, BYTES, type Network, type Processor } from './model.js';
import type { ExchangeRow, ScaleResults, StepRow } from './results.js';

/** Assumed networks between machines: line rates, and a latency of our own assumption. */
export const NETWORKS = {
  '10 GbE': { bandwidth: 10e9 / 8, latency: 50e-6 },
  '100 Gb/s': { bandwidth: 100e9 / 8, latency: 10e-6 },
} as const satisfies Readonly<Record<string, Network>>;

/** An assumed GPU: a share of the float32 peak of its data sheet. */
export const GPU = { name: 'NVIDIA A100', peak: 19.5e12, share: 0.4 } as const;

/** Latency and bandwidth, from two measured sizes of an all-reduce between two workers. */
function networkOf({ workers, latencyMs, sizes }: ExchangeRow): Network {
  const { bytes, ms } = sizes[0]!;
  const rounds = 2 * Math.ceil(Math.log2(workers));
  return { latency: latencyMs / 1000 / rounds, bandwidth: bandwidthOf(workers, bytes, (ms - latencyMs) / 1000) };
}

/** One thread of the measured machine on tfjs-node. */
export function cpuOf({ engines }: ScaleResults): Processor {
  const { largeRate, copyRate } = engines.find(({ backend, workers }) => backend === 'tfjs-node' && workers === 1)!;
  return { rate: largeRate, copyRate };
}

/**
 * Milliseconds that the model predicts for a step on several workers, from one worker alone, the network between two, and products of
 * matrices on as many workers at once. The forward and backward pass takes a time per step, and a time per token.
 */
export function predictedMs(row: StepRow, { steps, engines, exchange }: ScaleResults): number {
  const one = steps.find((other) => other.backend === row.backend && other.task === row.task && other.workers === 1)!;
  const { quarter } = one.alone!;
  const perToken = (one.phases.compute - quarter.compute) / (one.tokens - quarter.tokens);
  const compute = one.phases.compute + perToken * (row.tokens - one.tokens);
  const rateOf = (workers: number): number =>
    engines.find((engine) => engine.backend === row.backend && engine.workers === workers)!.tinyRate;
  const network = networkOf(exchange.find(({ transport, workers }) => transport === 'shared memory' && workers === 2)!);
  const slower = rateOf(1) / rateOf(row.workers);
  const exchanged = 1000 * allReduceTime(row.workers, BYTES * row.weights, network);
  return (compute + one.phases.copy + one.phases.update) * slower + exchanged;
}
