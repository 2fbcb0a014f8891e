import type { BackendResult, HeadRow, LossRow, Results } from './results.js';

type Cells = readonly string[];

const HEAD = ['logits', 'ignored', 'naive ms', 'ours ms', 'naive / ours', 'naive peak', 'ours peak', 'gradients differ by'];
const LOSS = ['loss', 'pairs', 'bare ops ms', 'ours ms', 'ours / bare', 'gradients differ by'];

/** One backend as text: the reason why it was skipped, or its tables. */
export function backendReport(result: BackendResult): string {
  if ('skipped' in result) return `${result.backend}: skipped, ${result.skipped}`;
  const title = result.adapter === undefined ? result.backend : `${result.backend} (${result.adapter})`;
  const tables = [table([HEAD, ...result.head.map(headCells)])];
  if (result.loss.length > 0) tables.push(table([LOSS, ...result.loss.map(lossCells)]));
  return [title, ...tables].join('\n\n');
}

/** What the numbers mean, and the machine that they are from. */
export function legend({ environment, repeats }: Results): string {
  const versions = Object.entries(environment.versions).map(([name, version]) => `${name} ${version}`);
  return [
    `${environment.cpu}, ${environment.cores} cores, ${environment.memoryGiB} GiB; ${environment.os}; Node.js ${environment.node}; ${versions.join(', ')}`,
    `Forward and backward pass, medians of ${repeats} runs in turns. Peak: storage in use beyond the logits, as a multiple of them.`,
  ].join('\n');
}

const ms = (value: number): string => (value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value.toFixed(3));
const times = (value: number): string => `${value.toFixed(2)}x`;

const headCells = (row: HeadRow): Cells => [
  `[${row.shape.join(', ')}]`,
  `${row.ignored * 100} %`,
  ms(row.naive.medianMs),
  ms(row.ours.medianMs),
  times(row.speedup),
  times(row.naive.peakOverLogits),
  times(row.ours.peakOverLogits),
  row.gradientDifference.toExponential(1),
];

const lossCells = (row: LossRow): Cells => [
  row.loss,
  `${row.batch}`,
  ms(row.bare.medianMs),
  ms(row.ours.medianMs),
  times(row.overhead),
  row.gradientDifference.toExponential(1),
];

/** Columns as wide as their widest cell, the first to the left and numbers to the right. */
function table(rows: readonly Cells[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map(
      (row) => `  ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join('   ')}`,
    )
    .join('\n');
}
