import { table, withPart } from '../tools/markdown.js';
import type { HeadRow, Results } from './results.js';

/** The table of README.md: the log-prob head where every label counts. */
function readmeTable({ environment, backends }: Results): string {
  const rows = backends.flatMap((result) =>
    'skipped' in result ? [] : result.head.filter((row) => row.ignored === 0).map((row) => cells(result.backend, row)),
  );
  const lines = [
    ['backend', 'logits', 'time, naive / ours', 'memory, naive', 'memory, ours'],
    ['---', '---', '--:', '--:', '--:'],
    ...rows,
  ];
  const adapter = backends.flatMap((result) => ('adapter' in result ? [result.adapter] : []))[0];
  const gpu =
    adapter === undefined ? '' : `; webgpu is on ${adapter.includes('swiftshader') ? 'a driver in software, SwiftShader' : adapter}`;
  return `${table(lines)}

${environment.cpu}, ${environment.cores} cores, Node.js ${environment.node.replace('v', '')}${gpu}.`;
}

const cells = (backend: string, { shape, speedup, naive, ours }: HeadRow): string[] => [
  backend,
  `[${shape.join(', ')}]`,
  `${speedup.toFixed(1)}x`,
  `${naive.peakOverLogits.toFixed(1)}x`,
  `${ours.peakOverLogits.toFixed(1)}x`,
];

/** The text of README.md with the table of these results. */
export const withTable = (readme: string, results: Results): string =>
  withPart(readme, 'npm run bench writes this table', `\n${readmeTable(results)}\n`);
