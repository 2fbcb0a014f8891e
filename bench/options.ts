import { cpus } from 'node:os';
import { parseArgs } from 'node:util';

/** The TensorFlow.js backends that are measured. */
export const BACKENDS = ['cpu', 'wasm', 'tfjs-node', 'webgpu'] as const;
export type BackendName = (typeof BACKENDS)[number];

/** The studies that run on each backend; `worker.ts` maps each to its function. */
export const STUDIES = ['heads', 'linear', 'steps', 'divergences', 'losses', 'growth', 'arrays', 'jax'] as const;
export type StudyName = (typeof STUDIES)[number];

/** Options of the command line. */
export interface Options {
  readonly backends: readonly BackendName[];
  readonly studies: readonly StudyName[];
  /** Timed rounds of each route on each workload. */
  readonly repeats: number;
  /** Threads of tfjs-node and of the PyTorch it is compared with. */
  readonly threads: number;
  /** Whether to run the smallest sizes only. */
  readonly quick: boolean;
  /** Whether the new numbers replace the same studies in the default file. */
  readonly update: boolean;
  /** File for the results; undefined for the default file. */
  readonly out: string | undefined;
}

/** A mistake on the command line, or something that the machine lacks, reported by its message alone. */
export class UsageError extends Error {}

/** Runs the program of a command. */
export async function runCommand(program: () => Promise<void>): Promise<void> {
  try {
    await program();
  } catch (error) {
    if (!(error instanceof UsageError) && (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS') !== true) throw error;
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}

export const HELP = `Times log-probs and losses of prefloss against plain TensorFlow.js and PyTorch, and measures their memory.

  npm run bench -- [options]

  --backend  ${BACKENDS.join(' | ')}; repeatable                         [all]
  --study    ${STUDIES.join(' | ')}; repeatable                              [all]
  --repeats  timed rounds of each route                                    [5, quick: 3]
  --threads  threads of tfjs-node and of the PyTorch compared with it      [all cores]
  --quick    the smallest sizes only
  --update   replace the same studies in bench/results/latest.json
  --out      file for the results                                          [bench/results/latest.json for whole runs]
  --help     print this text`;

/** Reads the command line; undefined if it asks for help. */
export function parseOptions(args: readonly string[]): Options | undefined {
  const values = parse(args);
  if (values.help) return undefined;
  const quick = values.quick ?? false;
  return {
    backends: toNames('--backend', values.backend, BACKENDS),
    studies: toNames('--study', values.study, STUDIES),
    repeats: values.repeats === undefined ? (quick ? 3 : 5) : toCount('--repeats', values.repeats),
    threads: values.threads === undefined ? cpus().length : toCount('--threads', values.threads),
    quick,
    update: values.update ?? false,
    out: values.out,
  };
}

function parse(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        backend: { type: 'string', multiple: true },
        study: { type: 'string', multiple: true },
        repeats: { type: 'string' },
        threads: { type: 'string' },
        quick: { type: 'boolean' },
        update: { type: 'boolean' },
        out: { type: 'string' },
        help: { type: 'boolean' },
      },
    });
    return values;
  } catch (error) {
    // The first sentence names the problem; the rest is advice on escaping.
    const [problem] = (error as Error).message.split(/\. |\n/);
    throw new UsageError(`${problem!}; --help lists the options`);
  }
}

/** The given names in the order of `all`, or all names if none was given. */
function toNames<Name extends string>(option: string, given: readonly string[] | undefined, all: readonly Name[]): readonly Name[] {
  for (const name of given ?? []) {
    if (!(all as readonly string[]).includes(name)) {
      throw new UsageError(`${option} is ${JSON.stringify(name)}, expected one of ${all.join(', ')}`);
    }
  }
  return given ? all.filter((name) => given.includes(name)) : all;
}

/** Parses an option that is a count. */
export function toCount(option: string, given: string): number {
  const count = given.trim() === '' ? NaN : Number(given);
  if (!(Number.isSafeInteger(count) && count >= 1)) {
    throw new UsageError(`${option} is ${JSON.stringify(given)}, expected an integer of at least 1`);
  }
  return count;
}
