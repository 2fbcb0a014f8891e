import { table, withPart } from '../../tools/markdown.js';
import { machine, shapeText, times } from '../format.js';
import type { GpuResults } from '../gpu/results.js';
import { rowsOf, type HeadRow, type Results } from '../results.js';
import { fastestTorch } from './bars.js';
import { driverOf, gpuSentence } from './driver.js';

const WORKLOADS = ['logProbs', 'dpo'] as const;

/** The table of README.md: both workloads against the faster PyTorch route, the harder one for us. */
function readmeTable(results: Results, gpus: readonly GpuResults[]): string {
  const rows = results.backends.flatMap((result) => {
    const [logProbs, dpo] = WORKLOADS.map((workload) => rowsOf(result, 'heads').filter((row) => row.workload === workload));
    return logProbs!.map((head, i) => cells(result.backend, head, dpo![i]!));
  });
  const lines = [
    ['backend', 'logits', 'naive / ours', 'PyTorch / ours', 'PyTorch / ours, whole DPO head', 'memory, naive', 'memory, ours'],
    ['---', '---', '--:', '--:', '--:', '--:', '--:'],
    ...rows,
  ];
  return `${table(lines)}

${machine(results.environment)}; webgpu on ${driverOf(results)}. ${gpuSentence(gpus)}`;
}

const ratio = (value: number | undefined): string => (value === undefined ? '' : times(value));

const cells = (backend: string, head: HeadRow, dpo: HeadRow): string[] => [
  backend,
  shapeText(head.shape),
  times(head.naive.timeOverOurs),
  ratio(fastestTorch(head)),
  ratio(fastestTorch(dpo)),
  ratio(head.naive.storageOverLogits),
  ratio(head.ours.storageOverLogits),
];

/** The text of README.md with the table of these results. */
export const withReadmeTable = (readme: string, results: Results, gpus: readonly GpuResults[]): string =>
  withPart(readme, 'npm run bench writes this table', `\n${readmeTable(results, gpus)}\n`);
