import { parseArgs } from 'node:util';

/** The TensorFlow.js backends that are measured. */
export const BACKENDS = ['cpu', 'wasm', 'tfjs-node', 'webgpu'] as const;
export type BackendName = (typeof BACKENDS)[number];

/** What the command line decides. */
export interface Options {
  readonly backends: readonly BackendName[];
  /** Timed runs of each route on each workload. */
  readonly repeats: number;
  /** Only the smaller vocabulary. */
  readonly quick: boolean;
  /** File for the results; undefined for the default one. */
  readonly out: string | undefined;
}

/** A mistake on the command line: its message is all there is to print. */
export class UsageError extends Error {}

export const HELP = `Times log-probs and losses of prefloss against plain TensorFlow.js, and measures the memory that they take.

  npm run bench -- [options]

  --backend  ${BACKENDS.join(' | ')}; may be given more than once        [all]
  --repeats  timed runs of each route, of which the median counts  [5, quick: 3]
  --quick    the smaller vocabulary only
  --out      file for the results                                  [bench/results/latest.json, for whole runs]
  --help     this text`;

/** Reads the command line; undefined if it asks for help. */
export function parseOptions(args: readonly string[]): Options | undefined {
  const values = parse(args);
  if (values.help) return undefined;
  const quick = values.quick ?? false;
  return {
    backends: values.backend ? BACKENDS.filter((name) => values.backend!.map(toBackend).includes(name)) : BACKENDS,
    repeats: values.repeats === undefined ? (quick ? 3 : 5) : toRepeats(values.repeats),
    quick,
    out: values.out,
  };
}

function parse(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        backend: { type: 'string', multiple: true },
        repeats: { type: 'string' },
        quick: { type: 'boolean' },
        out: { type: 'string' },
        help: { type: 'boolean' },
      },
    });
    return values;
  } catch (error) {
    // The first sentence says what is wrong; the rest is advice on escaping.
    const [problem] = (error as Error).message.split(/\. |\n/);
    throw new UsageError(`${problem!}; --help lists the options`);
  }
}

function toBackend(given: string): BackendName {
  const name = BACKENDS.find((b) => b === given);
  if (name === undefined) throw new UsageError(`--backend is ${JSON.stringify(given)}, expected one of ${BACKENDS.join(', ')}`);
  return name;
}

function toRepeats(given: string): number {
  const repeats = given.trim() === '' ? NaN : Number(given);
  if (!(Number.isSafeInteger(repeats) && repeats >= 1)) {
    throw new UsageError(`--repeats is ${JSON.stringify(given)}, expected an integer of at least 1`);
  }
  return repeats;
}
