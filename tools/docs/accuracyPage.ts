import { readFileSync } from 'node:fs';
import { losses } from '../../src/core.js';
import type { Largest } from '../../test/support/accuracy.js';
import { BOUNDS, precisionOf, type EngineName } from '../../test/support/bounds.js';
import { digits, table, withParts } from '../markdown.js';
import { plotted } from './plotted.js';
import { ENGINES, engineOf, PROJECTS, type Project } from './projects.js';
import { inWords, type Software } from './software.js';

export const MEASURES = ['value', 'gradient', 'component', 'nearZero', 'rewards'] as const;

type Measure = (typeof MEASURES)[number];

/** The largest errors of a function on an engine. */
export type Errors = Partial<Record<Measure, Largest>>;

/** The file that `npm run accuracy` writes. */
export interface Measurements extends Software {
  /** By function and project. */
  readonly functions: Readonly<Record<string, Readonly<Record<string, Errors>>>>;
}

/** One error with the function and the project that it belongs to. */
interface Cell extends Largest {
  readonly name: string;
  readonly project: Project;
}

const ROOT = new URL('../../', import.meta.url);
export const MEASUREMENTS = 'tools/docs/accuracy.json';
const text = (file: string): string => readFileSync(new URL(file, ROOT), 'utf8');

const inFloat32 = (cells: readonly Cell[]): Cell[] => cells.filter(({ project }) => engineOf(project) !== 'arrays');

/** All errors by one measure, those of one function together. */
function cellsOf({ functions }: Measurements, measure: Measure): Cell[] {
  return Object.entries(functions).flatMap(([name, errors]) =>
    PROJECTS.flatMap((project) => {
      const error = errors[project]?.[measure];
      return error ? [{ name, project, ...error }] : [];
    }),
  );
}

const largestOf = (cells: readonly Cell[]): Cell | undefined =>
  cells.reduce<Cell | undefined>((a, b) => (a && a.error >= b.error ? a : b), undefined);
const on = (engine: EngineName, cells: readonly Cell[]): Cell[] => cells.filter(({ project }) => engineOf(project) === engine);
const namesOf = (cells: readonly Cell[]): string[] => [...new Set(cells.map(({ name }) => name))];

const shown = (cell: Cell | undefined): string => (cell ? digits(cell.error) : '');
/** The name of a function as code, with a link if it has a page. */
const code = (name: string): string => (name in plotted ? `[\`${name}\`](losses/${name}.md)` : `\`${name}\``);
const placeOf = (cell: Cell | undefined): string => (cell?.worst ? `${cell.worst.input}: ${cell.worst.at}` : '');
const counted = (n: number): string => n.toLocaleString('en-US');
const total = (cells: readonly Cell[]): string => counted(cells.reduce((sum, { count }) => sum + count, 0));

const BOUNDED = { value: 'values', gradient: 'gradients', nearZero: '`nearZero` components' } as const;
type Bounded = keyof typeof BOUNDED;
const BOUNDED_MEASURES = Object.keys(BOUNDED) as Bounded[];

/** The largest errors of each engine, of the bounds. */
function boundsPart(measurements: Measurements): string {
  const head = ['engine', 'unit', ...Object.values(BOUNDED)];
  const rows = ENGINES.map((engine) => [
    engine,
    `2^-${precisionOf(engine)}`,
    ...BOUNDED_MEASURES.map((measure) => {
      const largest = largestOf(on(engine, cellsOf(measurements, measure)));
      return largest ? `${shown(largest)} of ${BOUNDS[engine][measure]} (\`${largest.name}\`)` : '';
    }),
  ]);
  const names = Object.keys(measurements.functions);
  const [values, gradients] = [cellsOf(measurements, 'value'), cellsOf(measurements, 'gradient')].map(total);
  const compared = `${values} values and ${gradients} components of gradients of ${names.length} functions were compared on all engines together.`;
  const missing = Object.keys(losses).filter((name) => !names.includes(name));
  const unmeasured = missing.length > 0 ? `\n\nNot measured yet: ${missing.map(code).join(', ')}.` : '';
  return `${table([head, head.map((_, i) => (i === 0 ? '---' : '--:')), ...rows])}\n\n${compared} ${verdict(measurements)}${unmeasured}`;
}

/** States that all errors are within their bounds, or lists those that are not. */
function verdict(measurements: Measurements): string {
  const beyond = BOUNDED_MEASURES.flatMap((measure) =>
    cellsOf(measurements, measure).flatMap((cell) => {
      const bound = BOUNDS[engineOf(cell.project)][measure];
      if (cell.error <= bound) return [];
      return [`- \`${cell.name}\` on ${cell.project}, ${BOUNDED[measure]}: ${shown(cell)}, bound ${bound} (${placeOf(cell)})`];
    }),
  );
  return beyond.length === 0 ? 'All are within the bounds.' : `Beyond their bounds are:\n\n${beyond.join('\n')}`;
}

/** A row for each function, a column for each engine. */
const tableOf =
  (measure: 'value' | 'gradient', numbers: string) =>
  (measurements: Measurements): string => {
    const cells = cellsOf(measurements, measure);
    const rows = namesOf(cells).map((name) => {
      const own = cells.filter((cell) => cell.name === name);
      return [code(name), counted(inFloat32(own)[0]!.count), ...ENGINES.map((engine) => shown(largestOf(on(engine, own))))];
    });
    return table([['function', numbers, ...ENGINES], ['---', '--:', ...ENGINES.map(() => '--:')], ...rows]);
  };

/** The largest error of a single component of each function in float32, the worst first. */
function componentsPart(measurements: Measurements): string {
  const cells = inFloat32(cellsOf(measurements, 'component'));
  const worst = namesOf(cells).map((name) => largestOf(cells.filter((cell) => cell.name === name))!);
  const number = (x: number): string => String(Number(x.toPrecision(9)));
  const rows = worst
    .sort((a, b) => b.error - a.error)
    .map((cell) => [
      code(cell.name),
      counted(cell.count),
      shown(cell),
      ...(cell.worst ? [engineOf(cell.project), number(cell.worst.exact), number(cell.worst.got)] : ['', '', '']),
      placeOf(cell),
    ]);
  return table([
    ['function', 'components', 'error', 'engine', 'exact', 'got', 'input'],
    ['---', '--:', '--:', '---', '--:', '--:', '---'],
    ...rows,
  ]);
}

function rewardsPart(measurements: Measurements): string {
  const cells = inFloat32(cellsOf(measurements, 'rewards'));
  const worst = largestOf(cells)!;
  return `Gradients by rewards (${namesOf(cells).map(code).join(', ')}) have no bound in float32: rewards are data. Relative to the largest gradient by rewards, the largest error is ${shown(worst)} units, of \`${worst.name}\` on ${engineOf(worst.project)} (${placeOf(worst)}).`;
}

/** The parts of docs/accuracy.md that follow from the measurements, by the name in their marker. */
const PARTS: Readonly<Record<string, (measurements: Measurements) => string>> = {
  bounds: boundsPart,
  values: tableOf('value', 'values'),
  gradients: tableOf('gradient', 'components'),
  components: componentsPart,
  rewards: rewardsPart,
  versions: inWords,
};

/** The text of docs/accuracy.md with the measurements in tools/docs/accuracy.json. */
export function withAccuracy(): string {
  const measurements = JSON.parse(text(MEASUREMENTS)) as Measurements;
  return withParts(text('docs/accuracy.md'), 'npm run accuracy writes this', PARTS, (part) => `\n${part(measurements)}\n`);
}
