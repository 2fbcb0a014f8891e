import { table, withParts } from '../../tools/markdown.js';
import { milliseconds, machine, shapeText, times } from '../format.js';
import type { GpuResults } from '../gpu/results.js';
import { jaxCells } from '../report.js';
import {
  AXES,
  nanosecondsPerNumber,
  rowsOf,
  sizeOf,
  type BackendResult,
  type GrowthRow,
  type Results,
  type RouteResult,
} from '../results.js';
import type { WorkloadName } from '../workloads.js';
import { barsOf, isMet, measuredText, notesOf, summaryOf, targetText } from './bars.js';
import { driverOf, gpuSentence } from './driver.js';

type Part = (results: Results, gpus: readonly GpuResults[]) => string;

/** The parts of docs/performance.md written by `npm run bench`, by the name in their marker. */
const PARTS: Readonly<Record<string, Part>> = {
  machine: machinePart,
  bars: barsPart,
  head: headPart('logProbs'),
  dpo: headPart('dpo'),
  memory: memoryPart,
  divergences: divergencesPart,
  losses: lossesPart,
  arrays: arraysPart,
  growth: growthPart,
  linear: linearPart,
  steps: stepsPart,
  jax: jaxPart,
  gpu: gpuPart,
};

/** The text of docs/performance.md with these results. */
export const withPerformance = (page: string, results: Results, gpus: readonly GpuResults[]): string =>
  withParts(page, 'npm run bench writes this', PARTS, (part) => `\n${part(results, gpus)}\n`);

/** A table whose first `words` columns are text, and the others numbers. */
function grid(words: number, head: readonly string[], rows: readonly (readonly string[])[]): string {
  return table([head, head.map((_, i) => (i < words ? '---' : '--:')), ...rows]);
}

function machinePart(results: Results): string {
  const versions = Object.entries(results.environment.versions).map(([name, version]) => `${name} ${version}`);
  return `${machine(results.environment)}; webgpu on ${driverOf(results)}; ${versions.join(', ')}. Every time is a median; the fewest runs behind one are ${fewestSamples(results)}.`;
}

/** The smallest number of runs behind any time of these results. */
function fewestSamples({ backends }: Results): number {
  const measurements = backends.flatMap((result) => [
    ...rowsOf(result, 'heads').flatMap(({ ours, naive, selectiveLogSoftmax, logSoftmaxGather }) => [
      ours,
      naive,
      ...(selectiveLogSoftmax ? [selectiveLogSoftmax] : []),
      ...(logSoftmaxGather ? [logSoftmaxGather] : []),
    ]),
    ...rowsOf(result, 'linear').flatMap(({ ours, materialised }) => [ours, materialised]),
    ...rowsOf(result, 'steps').flatMap(({ ours, naive }) => [ours, naive]),
    ...rowsOf(result, 'divergences').map(({ ours }) => ours),
    ...rowsOf(result, 'losses').flatMap(({ ours, bare }) => [ours, bare]),
    ...rowsOf(result, 'growth'),
    ...rowsOf(result, 'jax').flatMap(({ ours, byHand }) => [ours, byHand]),
    ...rowsOf(result, 'arrays').flatMap(({ ours, baseline }) => (baseline ? [ours, baseline] : [ours])),
  ]);
  return Math.min(...measurements.map(({ samples }) => samples));
}

function barsPart(results: Results, gpus: readonly GpuResults[]): string {
  const bars = barsOf(results, gpus);
  const rows = bars.map((bar) => {
    const met = isMet(bar);
    return [bar.what, bar.backend, targetText(bar.target), measuredText(bar), met === undefined ? '' : met ? 'yes' : '**no**'];
  });
  const notes = notesOf(results).map((note) => `- ${note}`);
  return [summaryOf(bars), grid(5, ['what', 'backend', 'target', 'reached', 'met'], rows), notes.join('\n')].join('\n\n');
}

const threadsOf = ({ threads }: BackendResult): string => (threads === undefined ? '' : `${threads}`);
const timeCell = ({ medianMs, fastestMs }: RouteResult): string => `${milliseconds(medianMs)} (${milliseconds(fastestMs)})`;
const ratioCell = (ratio: number | undefined): string => (ratio === undefined ? '' : times(ratio));

function headPart(workload: WorkloadName): Part {
  return ({ backends }) =>
    grid(
      3,
      ['backend', 'threads', 'logits', 'ours, ms (best)', 'naive, ms (best)', 'naive / ours', 'TRL / ours', '`log_softmax` / ours'],
      backends.flatMap((result) =>
        rowsOf(result, 'heads')
          .filter((row) => row.workload === workload)
          .map((row) => [
            result.backend,
            threadsOf(result),
            shapeText(row.shape),
            timeCell(row.ours),
            timeCell(row.naive),
            times(row.naive.timeOverOurs),
            ratioCell(row.selectiveLogSoftmax?.timeOverOurs),
            ratioCell(row.logSoftmaxGather?.timeOverOurs),
          ]),
      ),
    );
}

function memoryPart({ backends }: Results): string {
  return grid(
    2,
    ['backend', 'logits', 'storage, naive', 'storage, ours', 'resident, ours', 'resident, TRL', 'resident, `log_softmax`'],
    backends.flatMap((result) =>
      rowsOf(result, 'heads')
        .filter((row) => row.workload === 'logProbs')
        .map((row) => [
          result.backend,
          shapeText(row.shape),
          ratioCell(row.naive.storageOverLogits),
          ratioCell(row.ours.storageOverLogits),
          ratioCell(row.ours.residentOverLogits),
          ratioCell(row.selectiveLogSoftmax?.residentOverLogits),
          ratioCell(row.logSoftmaxGather?.residentOverLogits),
        ]),
    ),
  );
}

function divergencesPart({ backends }: Results): string {
  const rows = backends.flatMap((result) =>
    rowsOf(result, 'divergences').map(({ divergence, shape, ours, timeOverForward }) => [
      result.backend,
      shapeText(shape),
      `\`${divergence}\``,
      milliseconds(ours.medianMs),
      times(timeOverForward),
    ]),
  );
  return grid(3, ['backend', 'logits of each', 'divergence', 'ms', 'over `forwardKl`'], rows);
}

function lossesPart({ backends }: Results): string {
  const batches = [...new Set(backends.flatMap((result) => rowsOf(result, 'losses').map((row) => row.batch)))];
  const rows = backends.flatMap((result) => {
    const measured = rowsOf(result, 'losses');
    const names = [...new Set(measured.map((row) => row.loss))];
    return names.map((loss) => [
      result.backend,
      `\`${loss}\``,
      ...batches.map((batch) => {
        const row = measured.find((one) => one.loss === loss && one.batch === batch);
        return row ? `${times(row.overhead)} (${milliseconds(row.bare.medianMs)} ms)` : '';
      }),
    ]);
  });
  return grid(2, ['backend', 'loss', ...batches.map((batch) => `B = ${batch}`)], rows);
}

function arraysPart({ backends }: Results): string {
  const rows = backends.flatMap((result) =>
    rowsOf(result, 'arrays').map((row) => [
      row.what,
      row.form,
      `${row.numbers}`,
      milliseconds(row.ours.fastestMs),
      nanosecondsPerNumber(row).toFixed(1),
      ratioCell(row.timeOverBaseline),
    ]),
  );
  if (rows.length === 0) return 'Not measured yet.';
  return grid(2, ['function', 'values', 'numbers', 'best, ms', 'ns a number', 'ours / baseline'], rows);
}

function growthPart({ backends }: Results): string {
  const rows = backends.flatMap((result) => {
    const grown = rowsOf(result, 'growth');
    if (grown.length === 0) return [];
    const powers = (of: (row: GrowthRow) => number) =>
      AXES.map((axis) =>
        growthPower(
          grown.filter((row) => row.axis === axis),
          of,
        ),
      );
    return [[result.backend, ...powers((row) => row.medianMs), ...powers((row) => row.peakBytes)]];
  });
  return grid(1, ['backend', ...AXES.map((axis) => `time, ${axis}`), ...AXES.map((axis) => `memory, ${axis}`)], rows);
}

/** The exponent p of the best fit of size^p: the slope of the logarithms. */
function growthPower(rows: readonly GrowthRow[], of: (row: GrowthRow) => number): string {
  const points = rows.map((row) => [Math.log(sizeOf(row)), Math.log(of(row))] as const);
  const mean = (i: 0 | 1): number => points.reduce((sum, point) => sum + point[i], 0) / points.length;
  const [x0, y0] = [mean(0), mean(1)];
  const slope = points.reduce((sum, [x, y]) => sum + (x - x0) * (y - y0), 0) / points.reduce((sum, [x]) => sum + (x - x0) ** 2, 0);
  return slope.toFixed(2);
}

function linearPart({ backends }: Results): string {
  const rows = backends.flatMap((result) =>
    rowsOf(result, 'linear').map((row) => [
      result.backend,
      row.weight,
      shapeText(row.shape),
      milliseconds(row.ours.medianMs),
      ratioCell(row.timeOverMaterialised),
      ratioCell(row.materialisedOverLogits),
      times(row.oursOverLogits),
    ]),
  );
  if (rows.length === 0) return 'Not measured yet.';
  const head = [
    'backend',
    'weight',
    'rows, width, vocabulary',
    'linear, ms',
    'linear / materialised',
    'memory, materialised',
    'memory, linear',
  ];
  return grid(3, head, rows);
}

function stepsPart({ backends }: Results): string {
  const rows = backends.flatMap((result) =>
    rowsOf(result, 'steps').map((row) => [
      result.backend,
      row.model,
      shapeText(row.shape),
      milliseconds(row.ours.medianMs),
      times(row.timeOverNaive),
      times(row.memoryOverNaive),
    ]),
  );
  if (rows.length === 0) return 'Not measured yet.';
  return grid(3, ['backend', 'model', 'logits', 'ours, ms', 'ours / naive', 'memory, ours / naive'], rows);
}

function jaxPart({ backends }: Results): string {
  const rows = backends.flatMap((result) => rowsOf(result, 'jax').map(jaxCells));
  if (rows.length === 0) return 'Not measured yet.';
  return grid(
    2,
    ['function', 'size', 'ours, ms', 'by hand, ms', 'ours / by hand', 'TensorFlow.js, our kernel, ms', 'TensorFlow.js, plain, ms'],
    rows,
  );
}

function gpuPart(_: Results, gpus: readonly GpuResults[]): string {
  if (gpus.length === 0) return gpuSentence(gpus);
  const head = ['logits', 'workload', 'ours, ms (best)', 'naive / ours', 'GB/s', 'of the peak'];
  return gpus
    .map(({ device, driver, peakGBs, rows }) => {
      const cells = rows.map((row) => [
        shapeText(row.shape),
        row.workload,
        timeCell(row.ours),
        times(row.naive.timeOverOurs),
        row.achievedGBs.toFixed(0),
        `${(100 * row.shareOfPeak).toFixed(0)} %`,
      ]);
      return `${device}, ${driver}, ${peakGBs} GB/s at most:\n\n${grid(2, head, cells)}`;
    })
    .join('\n\n');
}
