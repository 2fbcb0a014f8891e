import { readFileSync } from 'node:fs';
import { listKernels } from '../../src/index.js';
import { jaxJs } from '../../src/jax/adapter.js';
import { tfjs } from '../../src/tfjs/adapter.js';
import { tensors } from '../../src/backend/arrays/tensors.js';
import type { EngineName } from '../../test/support/bounds.js';
import { digits, table, withParts } from '../markdown.js';
import { OPTIONAL_METHODS } from '../optionalMethods.js';
import { ENGINES, engineOf, PROJECTS, type Project } from './projects.js';
import { inWords, type Software } from './software.js';

/** The file that `npm run support` writes. */
export const SUPPORT = 'tools/docs/support.json';

/** A check that was not run on an engine. */
export interface Skipped {
  readonly project: Project;
  readonly group: string;
  readonly name: string;
  readonly reason: string;
}

/** What the checks of each engine measured. */
export interface Support extends Software {
  readonly machine: string;
  /** Seconds of all checks, beside those of other engines. */
  readonly seconds: Readonly<Partial<Record<Project, number>>>;
  readonly skipped: readonly Skipped[];
  /**
   * The largest errors of the checks that passed, by group, name and project, in units of the engine's precision; null for a check of what
   * is not rounded.
   */
  readonly checks: Readonly<Record<string, Readonly<Record<string, Readonly<Partial<Record<Project, number | null>>>>>>>;
}

const ROOT = new URL('../../', import.meta.url);
const text = (file: string): string => readFileSync(new URL(file, ROOT), 'utf8');

/** A row for each engine: how many checks passed. */
function checksPart({ checks, skipped, seconds }: Support): string {
  const groups = Object.keys(checks);
  const rows = PROJECTS.map((project) => [
    project,
    ...groups.map((group) => {
      const passed = Object.values(checks[group]!).filter((errors) => errors[project] !== undefined).length;
      const left = skipped.filter((one) => one.project === project && one.group === group).length;
      return left === 0 ? String(passed) : `${passed}, ${left} skipped`;
    }),
    String(seconds[project]),
  ]);
  return [
    table([['engine', ...groups, 'seconds'], ['---', ...groups.map(() => '--:'), '--:'], ...rows]), // prettier-ignore
    'No check failed. Skipped are:',
    skipped.map(({ project, name, reason }) => `- ${project}, \`${name}\`: ${reason}`).join('\n'),
  ].join('\n\n');
}

const isOptional = (name: string): name is (typeof OPTIONAL_METHODS)[number] => OPTIONAL_METHODS.includes(name as never);

/** Whether an engine runs an operation as its definition. */
function isDefined(engine: EngineName, name: string): boolean {
  if (!isOptional(name)) return false;
  const kernels = listKernels()[name];
  if (engine === 'arrays') return kernels === undefined && !(name in tensors);
  if (engine === 'jax' || engine === 'jax-webgpu') return !(name in jaxJs);
  return kernels ? kernels[engine === 'tfjs-node' ? 'tensorflow' : engine] === 'definition' : !(name in tfjs);
}

/** The groups that have checks of operations by name. */
const OF_OPERATIONS = ['operations', 'accuracy', 'where', 'tokens'];
const isName = (name: string): boolean => /^\w+$/.test(name);
/** A check is named after its operation and what else it is about, as in `exp, gradient under jit`. */
const operationOf = (check: string): string => check.split(', ')[0]!;
const isOfGradient = (check: string): boolean => check.includes('gradient');

/** All errors of an operation on an engine: undefined without a check, null if nothing is rounded. */
function largest({ checks }: Support, operation: string, engine: EngineName, ofGradient: boolean): number | null | undefined {
  const errors = OF_OPERATIONS.flatMap((group) => Object.entries(checks[group]!))
    .filter(([name]) => operationOf(name) === operation && isOfGradient(name) === ofGradient)
    .flatMap(([, errors]) => PROJECTS.filter((project) => engineOf(project) === engine).map((project) => errors[project]))
    .filter((error) => error !== undefined);
  const numbers = errors.filter((error) => error !== null);
  return numbers.length > 0 ? Math.max(...numbers) : errors.length > 0 ? null : undefined;
}

const shown = (error: number | null | undefined): string => (error === undefined ? '–' : error === null ? 'exact' : digits(error));

/** A row for each operation: the largest errors of its values and of its gradients on each engine. */
function operationsPart(support: Support): string {
  const names = OF_OPERATIONS.flatMap((group) => Object.keys(support.checks[group]!)).map(operationOf);
  const rows = [...new Set(names)].filter(isName).map((name) => [
    `\`${name}\``,
    ...ENGINES.map((engine) => {
      const [value, gradient] = [false, true].map((ofGradient) => shown(largest(support, name, engine, ofGradient)));
      // The others are compared with it.
      const errors = engine === 'arrays' ? 'reference' : `${value}, ${gradient}`;
      return `${errors}${isDefined(engine, name) ? ' †' : ''}`;
    }),
  ]);
  return table([['operation', ...ENGINES], ['---', ...ENGINES.map(() => '--:')], ...rows]);
}

/** The parts of docs/support.md that follow from the checks, by the name in their marker. */
const PARTS: Readonly<Record<string, (support: Support) => string>> = {
  checks: checksPart,
  operations: operationsPart,
  machine: (support) => `${support.machine}. ${inWords(support)}`,
};

/** The text of docs/support.md with what tools/docs/support.json has. */
export function withSupport(): string {
  const support = JSON.parse(text(SUPPORT)) as Support;
  return withParts(text('docs/support.md'), 'npm run support writes this', PARTS, (part) => `\n${part(support)}\n`);
}
