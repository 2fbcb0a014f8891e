import { table, withPart } from '../../tools/markdown.js';
import { machine, shapeText, times } from '../format.js';
import { rowsOf, type HeadRow, type Results } from '../results.js';
import { driverOf } from './driver.js';

/** The table of README.md: the log-prob head where every label counts. */
function readmeTable(results: Results): string {
  const rows = results.backends.flatMap((result) =>
    rowsOf(result, 'heads')
      .filter((row) => row.workload === 'logProbs')
      .map((row) => cells(result.backend, row)),
  );
  const lines = [
    ['backend', 'logits', 'time, naive / ours', 'time, PyTorch / ours', 'memory, naive', 'memory, ours'],
    ['---', '---', '--:', '--:', '--:', '--:'],
    ...rows,
  ];
  return `${table(lines)}

${machine(results.environment)}; webgpu is on ${driverOf(results)}.`;
}

const ratio = (value: number | undefined): string => (value === undefined ? '' : times(value));

const cells = (backend: string, { shape, naive, ours, selectiveLogSoftmax }: HeadRow): string[] => [
  backend,
  shapeText(shape),
  times(naive.timeOverOurs),
  ratio(selectiveLogSoftmax?.timeOverOurs),
  ratio(naive.storageOverLogits),
  ratio(ours.storageOverLogits),
];

/** The text of README.md with the table of these results. */
export const withReadmeTable = (readme: string, results: Results): string =>
  withPart(readme, 'npm run bench writes this table', `\n${readmeTable(results)}\n`);
