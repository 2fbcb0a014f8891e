import type { GpuResults } from '../gpu/results.js';
import type { BackendName } from '../options.js';
import { rowsOf, type HeadRow, type Results, type RouteResult } from '../results.js';

/** What is measured against a bar: one number for each shape or case. */
interface Bar {
  readonly what: string;
  readonly atMost?: number;
  readonly atLeast?: number;
  /** How a number reads. */
  readonly format: (value: number) => string;
  readonly measured: (results: Results, gpus: readonly GpuResults[]) => readonly number[];
  /** Why it is missed, where it is. */
  readonly shortfall?: string;
}

/** A bar with what was reached. */
export interface Reached extends Bar {
  readonly values: readonly number[];
  /** Undefined where nothing was measured. */
  readonly isMet: boolean | undefined;
}

const ratio = (value: number): string => `${value >= 10 ? value.toFixed(0) : value.toFixed(2)}x`;
const percent = (value: number): string => `${(100 * value).toFixed(0)} %`;

/** The log-prob head on one backend, where every label counts. */
const heads = (results: Results, backend: BackendName): readonly HeadRow[] =>
  rowsOf(
    results.backends.find((result) => result.backend === backend),
    'heads',
  ).filter((row) => row.workload === 'logProbs');

type OtherRoute = 'naive' | 'selectiveLogSoftmax' | 'logSoftmaxGather';

const timesOf = (rows: readonly HeadRow[], route: OtherRoute): number[] =>
  rows.flatMap((row) => (row[route] ? [row[route].timeOverOurs] : []));
const oursOver = (rows: readonly HeadRow[], route: OtherRoute): number[] => timesOf(rows, route).map((over) => 1 / over);
const memoryOf = (rows: readonly HeadRow[]): number[] => rows.map(({ ours }) => peakOf(ours));
/** The larger of what the engine's storage and the process took. */
const peakOf = ({ storageOverLogits = 0, residentOverLogits = 0 }: RouteResult): number => Math.max(storageOverLogits, residentOverLogits);
/** Of 2048 rows; elsewhere there are fewer, and a chunk is more of the logits. */
const linear = (results: Results) => results.backends.flatMap((result) => rowsOf(result, 'linear').filter((row) => row.shape[0] === 2048));
const linearTimes = (weight: 'frozen' | 'trainable') => (results: Results) =>
  linear(results).flatMap((row) => (row.weight === weight ? [row.timeOverMaterialised] : []));

/** What is to be reached; the numbers are ratios within one run. */
const BARS: readonly Bar[] = [
  {
    what: "tfjs-node, time over PyTorch's by TRL's route, the same threads",
    atMost: 1,
    format: ratio,
    measured: (results) => oursOver(heads(results, 'tfjs-node'), 'selectiveLogSoftmax'),
  },
  {
    what: "tfjs-node, time over PyTorch's `log_softmax` and `gather` on [8, 256, 32000], the same threads",
    atMost: 1,
    format: ratio,
    measured: (results) =>
      oursOver(
        heads(results, 'tfjs-node').filter(({ shape }) => shape[0] === 8),
        'logSoftmaxGather',
      ),
  },
  {
    what: 'tfjs-node, peak memory over the logits',
    atMost: 2.5,
    format: ratio,
    measured: (results) => memoryOf(heads(results, 'tfjs-node')),
  },
  { what: 'cpu, naive time over ours', atLeast: 50, format: ratio, measured: (results) => timesOf(heads(results, 'cpu'), 'naive') },
  { what: 'cpu, peak memory over the logits', atMost: 1.1, format: ratio, measured: (results) => memoryOf(heads(results, 'cpu')) },
  { what: 'wasm, naive time over ours', atLeast: 8, format: ratio, measured: (results) => timesOf(heads(results, 'wasm'), 'naive') },
  { what: 'wasm, peak memory over the logits', atMost: 1.1, format: ratio, measured: (results) => memoryOf(heads(results, 'wasm')) },
  {
    what: "cpu, time over PyTorch's by TRL's route, one thread",
    atMost: 1,
    format: ratio,
    measured: (results) => oursOver(heads(results, 'cpu'), 'selectiveLogSoftmax'),
  },
  {
    what: "wasm, time over PyTorch's by TRL's route, one thread",
    atMost: 1,
    format: ratio,
    measured: (results) => oursOver(heads(results, 'wasm'), 'selectiveLogSoftmax'),
  },
  {
    what: 'webgpu on the driver in software, naive time over ours',
    atLeast: 3,
    format: ratio,
    measured: (results) => timesOf(heads(results, 'webgpu'), 'naive'),
  },
  {
    what: 'webgpu on the driver in software, peak memory over the logits',
    atMost: 1.01,
    format: ratio,
    measured: (results) => memoryOf(heads(results, 'webgpu')),
  },
  {
    what: 'webgpu on a GPU, naive time over ours',
    atLeast: 5,
    format: ratio,
    measured: (_, gpus) => gpus.flatMap(({ rows }) => rows.map(({ naive }) => naive.timeOverOurs)),
  },
  {
    what: 'webgpu on a GPU, share of the memory bandwidth on [8, 256, 32000]',
    atLeast: 0.7,
    format: percent,
    measured: (_, gpus) => gpus.flatMap(({ rows }) => rows.filter(({ shape }) => shape[0] === 8).map(({ shareOfPeak }) => shareOfPeak)),
  },
  {
    what: 'linear form, memory over the logits that it never makes',
    atMost: 0.1,
    format: percent,
    measured: (results) => linear(results).map(({ oursOverLogits }) => oursOverLogits),
  },
  { what: 'linear form, frozen weight, time over the materialised form', atMost: 1.1, format: ratio, measured: linearTimes('frozen') },
  {
    what: 'linear form, trainable weight, time over the materialised form',
    atMost: 1.5,
    format: ratio,
    measured: linearTimes('trainable'),
  },
  {
    what: 'losses, time over the same formula in bare operations, the largest of each backend',
    atMost: 1.05,
    format: ratio,
    measured: (results) =>
      results.backends.flatMap((result) => {
        const rows = rowsOf(result, 'losses');
        return rows.length === 0 ? [] : [Math.max(...rows.map(({ overhead }) => overhead))];
      }),
    shortfall:
      'what is between the operations, the same ones, is 5 to 20 microseconds: checks of the arguments, finding the engine, and the scope that frees what is made on the way. On wasm with 1024 pairs, a `softplus` that keeps its digits runs in JavaScript; on webgpu, where labels cannot be read at once, `kto` checks them by operations',
  },
];

/** Each bar with what these results say. */
export const reachedBars = (results: Results, gpus: readonly GpuResults[]): readonly Reached[] =>
  BARS.map((bar) => {
    const values = bar.measured(results, gpus);
    const { atMost = Infinity, atLeast = -Infinity } = bar;
    return { ...bar, values, isMet: values.length === 0 ? undefined : values.every((value) => value <= atMost && value >= atLeast) };
  });

/** A bar in words. */
export const barText = ({ atMost, atLeast, format }: Bar): string =>
  atMost === undefined ? `>= ${format(atLeast!)}` : `<= ${format(atMost)}`;
