import type { HeadRow, Results } from './results.js';

/** Where the table stands in README.md. */
const BEGIN = '<!-- npm run bench writes this table -->';
const END = '<!-- end -->';

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
  return `${BEGIN}
${lines.map((line) => `| ${line.join(' | ')} |`).join('\n')}

${environment.cpu}, ${environment.cores} cores, Node.js ${environment.node.replace('v', '')}${gpu}.
${END}`;
}

const cells = (backend: string, { shape, speedup, naive, ours }: HeadRow): string[] => [
  backend,
  `[${shape.join(', ')}]`,
  `${speedup.toFixed(1)}x`,
  `${naive.peakOverLogits.toFixed(1)}x`,
  `${ours.peakOverLogits.toFixed(1)}x`,
];

/** The text of README.md with the table of these results. */
export function withTable(readme: string, results: Results): string {
  const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`README.md lacks the lines "${BEGIN}" and "${END}"`);
  return readme.slice(0, begin) + readmeTable(results) + readme.slice(end + END.length);
}
