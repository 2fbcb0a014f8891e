import { milliseconds, shapeText, times } from './format.js';
import {
  isSkipped,
  nanosecondsPerNumber,
  type ArraysRow,
  type DivergenceRow,
  type GrowthRow,
  type HeadRow,
  type JaxRow,
  type LinearRow,
  type LossRow,
  type Measurement,
  type RouteResult,
  type Skipped,
  type StepRow,
} from './results.js';
import type { StudyName } from './options.js';
import type { StudyRows } from './results.js';

type Cells = readonly string[];

const REPORTS: { readonly [Name in StudyName]: (rows: StudyRows[Name]) => readonly Cells[] } = {
  heads: (rows) => [
    ['logits', 'workload', 'route', 'median ms', 'best', 'samples', 'route / ours', 'storage', 'resident'],
    ...rows.flatMap(headCells),
  ],
  linear: (rows) => [
    ['shape', 'weight', 'linear ms', 'materialised ms', 'linear / materialised', 'memory, linear', 'memory, materialised'],
    ...rows.map(linearCells),
  ],
  steps: (rows) => [['model', 'logits', 'naive ms', 'ours ms', 'ours / naive', 'memory, ours / naive', 'samples'], ...rows.map(stepCells)],
  divergences: (rows) => [['divergence', 'logits', 'median ms', 'best', 'samples', 'over forwardKl'], ...rows.map(divergenceCells)],
  losses: (rows) => [['loss', 'pairs', 'plain ops ms', 'ours ms', 'ours / plain', 'gradients differ by'], ...rows.map(lossCells)],
  growth: (rows) => [['axis', 'logits', 'median ms', 'best', 'samples', 'peak MB'], ...rows.map(growthCells)],
  arrays: (rows) => [
    ['function', 'values', 'numbers', 'best ms', 'samples', 'ns a number', 'baseline ms', 'ours / baseline'],
    ...rows.map(arraysCells),
  ],
  jax: (rows) => [
    ['function', 'size', 'ours ms', 'by hand ms', 'ours / by hand', 'kernel of tfjs ms', 'plain tfjs ms', 'samples'],
    ...rows.map((row) => [...jaxCells(row), `${row.ours.samples}`]),
  ],
};

/** One study on one backend as text: its table, or the reason why it was skipped. */
export function studyReport(study: StudyName, rows: StudyRows[StudyName] | Skipped): string {
  if (isSkipped(rows)) return `skipped, ${rows.skipped}`;
  return table((REPORTS[study] as (rows: StudyRows[StudyName]) => readonly Cells[])(rows));
}

const timeCells = ({ medianMs, fastestMs, samples }: Measurement): Cells => [milliseconds(medianMs), milliseconds(fastestMs), `${samples}`];
const overLogits = (ratio: number | undefined): string => (ratio === undefined ? '' : times(ratio));

function headCells(row: HeadRow): readonly Cells[] {
  const routes: Record<string, RouteResult | undefined> = {
    ours: row.ours,
    naive: row.naive,
    selectiveLogSoftmax: row.selectiveLogSoftmax,
    logSoftmaxGather: row.logSoftmaxGather,
  };
  return Object.entries(routes).flatMap(([route, result]) => {
    if (!result) return [];
    const memory = [overLogits(result.storageOverLogits), overLogits(result.residentOverLogits)];
    return [[shapeText(row.shape), row.workload, route, ...timeCells(result), times(result.timeOverOurs), ...memory]];
  });
}

const linearCells = (row: LinearRow): Cells => [
  shapeText(row.shape),
  row.weight,
  milliseconds(row.ours.medianMs),
  milliseconds(row.materialised.medianMs),
  times(row.timeOverMaterialised),
  times(row.oursOverLogits),
  times(row.materialisedOverLogits),
];

const stepCells = (row: StepRow): Cells => [
  row.model,
  shapeText(row.shape),
  milliseconds(row.naive.medianMs),
  milliseconds(row.ours.medianMs),
  times(row.timeOverNaive),
  times(row.memoryOverNaive),
  `${row.ours.samples}`,
];

const divergenceCells = ({ divergence, shape, ours, timeOverForward }: DivergenceRow): Cells => [
  divergence,
  shapeText(shape),
  ...timeCells(ours),
  times(timeOverForward),
];

const lossCells = (row: LossRow): Cells => [
  row.loss,
  `${row.batch}`,
  milliseconds(row.bare.medianMs),
  milliseconds(row.ours.medianMs),
  times(row.overhead),
  row.gradientDifference.toExponential(1),
];

const growthCells = (row: GrowthRow): Cells => [row.axis, shapeText(row.shape), ...timeCells(row), (row.peakBytes / 1e6).toFixed(1)];

const arraysCells = (row: ArraysRow): Cells => [
  row.what,
  row.form,
  `${row.numbers}`,
  milliseconds(row.ours.fastestMs),
  `${row.ours.samples}`,
  nanosecondsPerNumber(row).toFixed(1),
  row.baseline ? milliseconds(row.baseline.fastestMs) : '',
  row.timeOverBaseline === undefined ? '' : times(row.timeOverBaseline),
];

/** The cells of a row, which the page has, too. */
export const jaxCells = ({ what, size, ours, byHand, timeOverHand, kernel, plain }: JaxRow): Cells => [
  what,
  size,
  milliseconds(ours.medianMs),
  milliseconds(byHand.medianMs),
  times(timeOverHand),
  kernel ? milliseconds(kernel.medianMs) : '',
  plain ? milliseconds(plain.medianMs) : '',
];

/** Aligns columns: the first to the left, the others to the right. */
function table(rows: readonly Cells[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map(
      (row) => `  ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join('   ')}`,
    )
    .join('\n');
}
