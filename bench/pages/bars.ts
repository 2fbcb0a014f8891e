import { milliseconds, shapeText, times } from '../format.js';
import type { GpuResults } from '../gpu/results.js';
import type { BackendName } from '../options.js';
import {
  nanosecondsPerNumber,
  rowsOf,
  type ArraysRow,
  type BackendResult,
  type HeadRow,
  type LinearRow,
  type LossRow,
  type Results,
  type RouteResult,
  type StepRow,
} from '../results.js';

/** A target, and how a number that is compared with it reads. */
interface Target {
  readonly atMost?: number;
  readonly atLeast?: number;
  readonly format: (value: number) => string;
}

/** One measured number, and the size that it belongs to. */
interface Measured {
  readonly size: string;
  readonly value: number;
}

/** One target on one backend, with every number that was measured for it. */
export interface Bar {
  readonly what: string;
  readonly backend: string;
  readonly target: Target | undefined;
  readonly measured: readonly Measured[];
}

const percent = (value: number): string => `${(100 * value).toFixed(0)} %`;
const ratio = (value: number): string => `${value >= 10 ? value.toFixed(0) : value.toFixed(2)}x`;

const atLeast = (value: number, format = ratio): Target => ({ atLeast: value, format });
const atMost = (value: number, format = ratio): Target => ({ atMost: value, format });

/** Time of plain TensorFlow.js over ours. */
const NAIVE: Readonly<Partial<Record<BackendName, Target>>> = { cpu: atLeast(50), wasm: atLeast(8), webgpu: atLeast(3) };
/** Time of either PyTorch route over ours, on as many threads. */
const PYTORCH = atLeast(1);
/** Peak memory over the logits; the gradient alone is 1. */
const MEMORY: Readonly<Record<BackendName, Target>> = {
  cpu: atMost(1.1),
  wasm: atMost(1.1),
  'tfjs-node': atMost(2.5),
  webgpu: atMost(1.01),
};
/** The linear form, against the materialised one. */
const LINEAR_TIME = { frozen: atMost(1.1), trainable: atMost(1.5) } as const;
const LINEAR_MEMORY = atMost(0.1, percent);
/** A step of a whole model over one with a loss written by hand. */
const STEP = atMost(1);
/** Time of a divergence over that of the forward KL. */
const DIVERGENCE = atMost(1.3);
/** Time of a loss over that of plain operations. */
const LOSSES = atMost(1.05, (value) => `${value.toFixed(3)}x`);
/** Values in memory: best times over those of the baseline, and of a list. */
const ARRAYS: Readonly<Record<ArraysRow['what'], Target | undefined>> = {
  'dpo, value': atMost(10),
  'dpo, value and gradients': atMost(10),
  'list read and written': atMost(50, (value) => `${value.toFixed(0)} ns a number`),
  'tokenLogProbs, value': atMost(1.2),
  'tokenLogProbs, value and gradient': undefined,
};
/** Time on jax-js under `jit`, over the formula by hand. */
const JAX = atMost(1.05);
const GPU_NAIVE = atLeast(5);
const GPU_BANDWIDTH = atLeast(0.7, percent);

const HEADS = { logProbs: 'log-prob head', dpo: 'whole DPO head' } as const;
type Workload = keyof typeof HEADS;

/** The larger of what the engine's storage and the process take. */
const peakOf = ({ storageOverLogits = 0, residentOverLogits = 0 }: RouteResult): number => Math.max(storageOverLogits, residentOverLogits);

function headBars(result: BackendResult, workload: Workload): Bar[] {
  const { backend } = result;
  const rows = rowsOf(result, 'heads').filter((row) => row.workload === workload);
  const bar = (what: string, target: Target | undefined, of: (row: HeadRow) => number | undefined): Bar => ({
    what: `${HEADS[workload]}, ${what}`,
    backend,
    target,
    measured: rows.flatMap((row) => {
      const value = of(row);
      return value === undefined ? [] : [{ size: shapeText(row.shape), value }];
    }),
  });
  return [
    bar('naive / ours', NAIVE[backend], (row) => row.naive.timeOverOurs),
    bar("PyTorch, TRL's route / ours", PYTORCH, (row) => row.selectiveLogSoftmax?.timeOverOurs),
    bar('PyTorch, `log_softmax` / ours', PYTORCH, (row) => row.logSoftmaxGather?.timeOverOurs),
    bar('peak memory over the logits', MEMORY[backend], (row) => peakOf(row.ours)),
  ];
}

function linearBars(result: BackendResult): Bar[] {
  const bar = (what: string, target: Target, { shape }: LinearRow, value: number): Bar => ({
    what: `linear form, ${what}`,
    backend: result.backend,
    target,
    measured: [{ size: shapeText(shape), value }],
  });
  return rowsOf(result, 'linear').flatMap((row) => [
    bar(`${row.weight} weight, time over the materialised form`, LINEAR_TIME[row.weight], row, row.timeOverMaterialised),
    bar(`${row.weight} weight, memory over the logits`, LINEAR_MEMORY, row, row.oursOverLogits),
  ]);
}

function stepBars(result: BackendResult): Bar[] {
  const bar = (what: string, target: Target, of: (row: StepRow) => number): Bar => ({
    what: `step of a model, ${what} over the naive loss`,
    backend: result.backend,
    target,
    measured: rowsOf(result, 'steps').map((row) => ({ size: `${row.model} ${shapeText(row.shape)}`, value: of(row) })),
  });
  return [bar('time', STEP, (row) => row.timeOverNaive), bar('memory', STEP, (row) => row.memoryOverNaive)];
}

function divergenceBars(result: BackendResult): Bar[] {
  const measured = rowsOf(result, 'divergences').slice(1).map(({ divergence, timeOverForward }) => ({ size: divergence, value: timeOverForward })); // prettier-ignore
  return [{ what: '`tokenDivergence`, time over the forward KL', backend: result.backend, target: DIVERGENCE, measured }];
}

function lossBars(result: BackendResult): Bar[] {
  const measured = rowsOf(result, 'losses').map(({ loss, batch, overhead }) => ({ size: `\`${loss}\` B = ${batch}`, value: overhead }));
  return [{ what: 'losses, time over plain operations', backend: result.backend, target: LOSSES, measured }];
}

/** Of logits in lists nothing is asked: reading them takes longer than the kernel. */
function arraysBars(result: BackendResult): Bar[] {
  const isJudged = ({ what, form }: ArraysRow) => form === '{ data, dims }' || !what.startsWith('tokenLogProbs');
  return rowsOf(result, 'arrays').map((row) => ({
    what: row.timeOverBaseline === undefined ? row.what : `${row.what}, time over the baseline`,
    backend: 'in memory',
    target: isJudged(row) ? ARRAYS[row.what] : undefined,
    measured: [{ size: row.form, value: row.timeOverBaseline ?? nanosecondsPerNumber(row) }],
  }));
}

/** Compiled functions on jax-js, over the same formula by hand in jax-js. */
function jaxBars(result: BackendResult): Bar[] {
  const measured = rowsOf(result, 'jax').map(({ what, size, timeOverHand }) => ({ size: `${what} ${size}`, value: timeOverHand }));
  return [{ what: 'compiled on jax-js, time over the formula by hand', backend: 'jax-js, wasm', target: JAX, measured }];
}

function gpuBars(gpus: readonly GpuResults[]): Bar[] {
  return gpus.flatMap(({ device, rows }) =>
    rows.flatMap((row) => {
      const what = `${HEADS[row.workload]}, `;
      const size = shapeText(row.shape);
      return [
        {
          what: `${what}naive / ours`,
          backend: `webgpu, ${device}`,
          target: GPU_NAIVE,
          measured: [{ size, value: row.naive.timeOverOurs }],
        },
        {
          what: `${what}share of the memory bandwidth`,
          backend: `webgpu, ${device}`,
          target: GPU_BANDWIDTH,
          measured: [{ size, value: row.shareOfPeak }],
        },
      ];
    }),
  );
}

/** Every target on every backend, in groups of one kind. */
export function barsOf(results: Results, gpus: readonly GpuResults[]): readonly Bar[] {
  const { backends } = results;
  const groups = [
    ...(Object.keys(HEADS) as Workload[]).map((workload) => backends.flatMap((result) => headBars(result, workload))),
    backends.flatMap(linearBars),
    backends.flatMap(stepBars),
    backends.flatMap(divergenceBars),
    backends.flatMap(lossBars),
    backends.flatMap(arraysBars),
    backends.flatMap(jaxBars),
    gpuBars(gpus),
  ];
  const bars = groups.flatMap((group) => {
    const whats = [...new Set(group.map(({ what }) => what))];
    return whats.flatMap((what) => group.filter((bar) => bar.what === what));
  });
  return bars.filter(({ measured }) => measured.length > 0);
}

const isWithin = ({ atMost: most = Infinity, atLeast: least = -Infinity }: Target, value: number): boolean =>
  value <= most && value >= least;

/** Whether every number meets the target; undefined if there is none. */
export const isMet = ({ target, measured }: Bar): boolean | undefined => target && measured.every(({ value }) => isWithin(target, value));

/** The target in words. */
export const targetText = (target: Target | undefined): string =>
  target === undefined
    ? 'none'
    : target.atMost === undefined
      ? `>= ${target.format(target.atLeast!)}`
      : `<= ${target.format(target.atMost)}`;

// More numbers than this are counted, and only those that miss the target are listed.
const LISTED = 3;

/** The numbers with their sizes; those that miss the target are bold. */
export function measuredText({ target, measured }: Bar): string {
  const texts = measured.map(({ size, value }) => {
    const isMissed = target !== undefined && !isWithin(target, value);
    const text = (target?.format ?? ratio)(value);
    return { isMissed, text: `${isMissed ? `**${text}**` : text} ${size}` };
  });
  if (measured.length <= LISTED) return texts.map(({ text }) => text).join(', ');
  const missed = texts.filter(({ isMissed }) => isMissed).map(({ text }) => text);
  return `${measured.length - missed.length} of ${measured.length} sizes${missed.length === 0 ? '' : `; not ${missed.join(', ')}`}`;
}

/** How many of the targets of each backend are met. */
export function summaryOf(bars: readonly Bar[]): string {
  const judged = bars.filter(({ target }) => target !== undefined);
  const met = judged.filter((bar) => isMet(bar)).length;
  if (met === judged.length) return `All ${judged.length} targets are met, at every size.`;
  const byBackend = [...new Set(judged.map(({ backend }) => backend))].map((backend) => {
    const own = judged.filter((bar) => bar.backend === backend);
    return `${backend} ${own.filter((bar) => isMet(bar)).length} of ${own.length}`;
  });
  return `${met} of ${judged.length} targets are met at every size: ${byBackend.join(', ')}. Numbers that miss their target are bold.`;
}

/** What the numbers themselves say about the targets that are missed. */
export function notesOf(results: Results): readonly string[] {
  return [linearNote(results), lossNote(results)].filter((note) => note !== undefined);
}

/** Why the linear form is measured at a smaller size on some backends. */
function linearNote({ backends }: Results): string | undefined {
  const rows = backends.flatMap((result) => rowsOf(result, 'linear').map((row) => ({ backend: result.backend, ...row })));
  const work = ({ shape }: LinearRow): number => shape.reduce((a, b) => a * b);
  const largest = rows.reduce<LinearRow | undefined>((a, b) => (a === undefined || work(b) > work(a) ? b : a), undefined);
  const small = rows.filter((row) => largest !== undefined && work(row) < work(largest));
  if (largest === undefined || small.length === 0) return undefined;
  const minutes = small.map((row) => ((row.ours.medianMs / 60_000) * work(largest)) / work(row));
  const span = `${Math.min(...minutes).toFixed(0)} to ${Math.max(...minutes).toFixed(0)} minutes`;
  const names = [...new Set(small.map(({ backend }) => backend))].join(' and ');
  return `The linear form is measured at ${shapeText(small[0]!.shape)} (rows, width, vocabulary) on ${names}: at ${shapeText(largest.shape)}, one run would take about ${span} there. A chunk holds about 2^20 elements of its larger matrix for any number of rows, so with few rows it is a larger share of the logits.`;
}

/** How long the overhead of the losses is, and where it is largest. */
function lossNote({ backends }: Results): string | undefined {
  const notes = backends.flatMap((result) => {
    const rows = rowsOf(result, 'losses');
    if (rows.length === 0) return [];
    const worst = rows.reduce((a: LossRow, b) => (b.overhead > a.overhead ? b : a));
    const extra = worst.ours.medianMs - worst.bare.medianMs;
    return [`${result.backend} ${times(worst.overhead)} (\`${worst.loss}\`, B = ${worst.batch}, ${milliseconds(extra)} ms more)`];
  });
  return notes.length === 0
    ? undefined
    : `The losses are short, so their ratios mostly measure argument checks and dispatch. The largest on each backend: ${notes.join(', ')}.`;
}

/** The time of the fastest PyTorch route over ours. */
export const fastestTorch = ({ selectiveLogSoftmax, logSoftmaxGather }: HeadRow): number | undefined =>
  selectiveLogSoftmax && logSoftmaxGather ? Math.min(selectiveLogSoftmax.timeOverOurs, logSoftmaxGather.timeOverOurs) : undefined;
