import { table, withParts } from '../../tools/markdown.js';
import { machine, milliseconds, times } from '../format.js';
import { adapterWeightsOf, DECODERS, weightsOf } from '../scale/languageModels.js';
import { BYTES, efficiency, leastTokens, stepTime, type Network, type Processor, type Training } from '../scale/model.js';
import { cpuOf, GPU, NETWORKS, predictedMs } from '../scale/plan.js';
import type { ScaleResults, StepRow } from '../scale/results.js';

/** Numbers of workers of the plan. */
const WORKERS = [2, 4, 8, 16, 32, 64] as const;
const MOST = WORKERS.at(-1)!;
const RANK = 16;
/** The batch of the plan: pairs of two rows of this many tokens. */
const [PAIRS, ROW] = [64, 512];
const TOKENS_PER_PAIR = 2 * ROW;

type Part = (results: ScaleResults) => string;

/** The parts of docs/scale.md written by `npm run bench:scale`, by the name in their marker. */
const PARTS: Readonly<Record<string, Part>> = { exchange: exchangePart, steps: stepsPart, plan: planPart, pairs: pairsPart };

/** The text of docs/scale.md with these results. */
export const withScale = (page: string, results: ScaleResults): string =>
  withParts(page, 'npm run bench:scale writes this', PARTS, (part) => `\n${part(results)}\n`);

const grid = (words: number, head: readonly string[], rows: readonly (readonly string[])[]): string =>
  table([head, head.map((_, i) => (i < words ? '---' : '--:')), ...rows]);

const percent = (share: number): string => `${(100 * share).toFixed(Math.abs(share) < 0.0995 ? 1 : 0)} %`;
const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(bytes < 10e9 ? 1 : 0);
const teraflops = (rate: number): string => `${(rate / 1e12).toFixed(1)} TFLOP/s`;
const gigaflops = (rate: number): string => (rate / 1e9).toFixed(0);
const seconds = (time: number): string => time.toFixed(time < 10 ? 1 : 0);

function exchangePart({ environment, mpi, exchange, engines, rounds }: ScaleResults): string {
  const sizes = exchange[0]!.sizes.map(({ bytes }) => `${bytes / 2 ** 20} MiB, ms`);
  const rows = exchange.map(({ workers, transport, latencyMs, sizes: measured }) => [
    `${workers}`,
    transport,
    (1000 * latencyMs).toFixed(1),
    ...sizes.map((_, i) => (measured[i] ? milliseconds(measured[i].ms) : '')),
  ]);
  const rates = engines
    .filter(({ workers }) => workers === 1)
    .map(
      ({ backend, tinyRate, largeRate, copyRate }) =>
        `${gigaflops(tinyRate)} and ${gigaflops(largeRate)} GFLOP/s on ${backend}, where gradients are copied at ${gigabytes(copyRate)} GB/s`,
    );
  const versions = ['@tensorflow/tfjs', '@tensorflow/tfjs-node'].map((name) => `${name} ${environment.versions[name]!}`);
  return `${machine(environment)}; ${versions.join(', ')}; ${mpi}. Times are medians, ratios medians of ${rounds} rounds. One thread multiplies matrices of the sizes of the tiny GPT, and those of a model of 135M weights, at ${rates.join(', and at ')}.

${grid(2, ['workers', 'through', 'one float, µs', ...sizes], rows)}`;
}

function stepsPart(results: ScaleResults): string {
  const errorOf = (row: StepRow): number => predictedMs(row, results) / row.phases.total - 1;
  const rows = results.steps.map((row) => {
    const { backend, task, workers, phases, speedUp, alone } = row;
    const share = (ms: number): string => percent(ms / phases.total);
    return [
      backend,
      task,
      `${workers}`,
      milliseconds(phases.total),
      ...[phases.compute, phases.copy, phases.exchange, phases.wait].map(share),
      ...(alone ? ['', '', ''] : [times(speedUp), milliseconds(predictedMs(row, results)), percent(errorOf(row))]),
    ];
  });
  const head = [
    'backend',
    'task',
    'workers',
    'step, ms',
    'forward, backward',
    'copy',
    'all-reduce',
    'waiting',
    'speed-up',
    'predicted, ms',
    'error',
  ];
  const worst = (workers: number): string =>
    percent(Math.max(...results.steps.filter((row) => row.workers === workers).map((row) => Math.abs(errorOf(row)))));
  const overheads = results.steps.flatMap(({ alone }) => (alone ? [alone.overhead] : []));
  return `${grid(2, head, rows)}

The prediction is off by at most ${worst(2)} for two workers, and ${worst(3)} for three. With the functions of the exchange, a step of one worker takes ${times(1 + Math.min(...overheads))} to ${times(1 + Math.max(...overheads))} the time without them.`;
}

/** A model, with all weights trained or adapters. */
interface Case {
  readonly model: string;
  readonly training: Training;
}

const CASES: readonly Case[] = Object.entries(DECODERS).flatMap(([name, decoder]) => {
  const weights = weightsOf(decoder);
  const tokens = PAIRS * TOKENS_PER_PAIR;
  return [
    { model: name, training: { operations: 6, weights, trained: weights, tokens } },
    { model: `${name}, LoRA`, training: { operations: 4, weights, trained: adapterWeightsOf(decoder, RANK), tokens } },
  ];
});

const gpuOf = ({ copyRate }: Processor): Processor => ({ rate: GPU.share * GPU.peak, copyRate });

/** Bytes of weights, and for each trained weight its gradient, two moments of AdamW and its place in the vector that is exchanged. */
const memoryOf = ({ weights, trained }: Training): number => BYTES * (weights + 4 * trained);

function planPart(results: ScaleResults): string {
  const gpu = gpuOf(cpuOf(results));
  const network = NETWORKS['10 GbE'];
  const rows = CASES.map(({ model, training }) => [
    model,
    ((BYTES * training.trained) / 1e6).toFixed(0),
    gigabytes(memoryOf(training)),
    seconds(stepTime(1, training, gpu, network).total),
    ...WORKERS.map((workers) => percent(efficiency(workers, training, gpu, network))),
  ]);
  return `${PAIRS} pairs of two rows of ${ROW} tokens in a batch; workers with a GPU of ${teraflops(gpu.rate)} (assumed: ${100 * GPU.share} % of the ${teraflops(GPU.peak)} that the data sheet of an ${GPU.name} gives for float32) on 10 GbE (its line rate, with an assumed latency of ${1e6 * network.latency} µs).

${grid(1, ['model', 'exchanged, MB', 'memory, GB', 'one worker, s', ...WORKERS.map(String)], rows)}`;
}

function pairsPart(results: ScaleResults): string {
  const gpu = gpuOf(cpuOf(results));
  const machines: Readonly<Record<string, readonly [Processor, Network]>> = {
    '10 GbE': [gpu, NETWORKS['10 GbE']],
    '100 Gb/s': [gpu, NETWORKS['100 Gb/s']],
    '100 Gb/s, copied at 10 GB/s': [{ ...gpu, copyRate: 10e9 }, NETWORKS['100 Gb/s']],
  };
  const reached = [0.8, 0.5];
  // With all weights trained, both compute and exchange are proportional to their number.
  const rows = [{ ...CASES[0]!, model: 'any, all weights' }, ...CASES.filter(({ training }) => training.trained < training.weights)].map(
    ({ model, training }) => [
      model,
      ...Object.values(machines).flatMap((machine) =>
        reached.map((share) => pairsText(leastTokens(share, MOST, training, ...machine) / TOKENS_PER_PAIR)),
      ),
    ],
  );
  const head = Object.keys(machines).flatMap((name) => reached.map((share) => `${name}: ${percent(share)}`));
  return grid(1, ['model', ...head], rows);
}

const pairsText = (pairs: number): string => (pairs < 1 ? 'less than 1' : pairs.toFixed(pairs < 10 ? 1 : 0));
