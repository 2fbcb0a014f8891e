import { BACKENDS, type BackendName } from '../shared/backend.js';
import { choice, helpOf, integer, positive, readArguments, type CommandLine } from '../shared/commandLine.js';

/** Options of the command line. */
export interface Options {
  /** Default: tfjs-node if it is set up, otherwise wasm. */
  readonly backend: BackendName | undefined;
  readonly steps: number;
  readonly batchSize: number;
  readonly maxLength: number;
  readonly validation: number;
  readonly lr: number;
  readonly beta: number;
  readonly rank: number;
  readonly seed: number;
  readonly samples: number;
  readonly sampleTokens: number;
  readonly resume: boolean;
  /** Number of evaluations without a smaller held-out loss after which training stops. */
  readonly patience: number | undefined;
  readonly out: string | undefined;
}

const DEFAULTS = { steps: 40, 'batch-size': 2, 'max-length': 128, validation: 8, lr: 1e-3, beta: 0.1, rank: 8, seed: 0, samples: 2, 'sample-tokens': 32 }; // prettier-ignore
type NumberName = keyof typeof DEFAULTS;
type Name = NumberName | 'backend' | 'out' | 'patience';

const COMMAND_LINE: CommandLine<Name, 'resume'> = {
  about: `Aligns SmolLM2-135M-Instruct with DPO and LoRA on real preference pairs.

  node examples/smollm2/get-weights.mjs   # once: 93 MB
  npx tsx examples/smollm2/main.ts [options]`,
  options: {
    backend: `${BACKENDS.join(', ')}; default tfjs-node if it is set up, otherwise wasm`,
    steps: `number of updates; default ${DEFAULTS.steps}`,
    'batch-size': `pairs per update; default ${DEFAULTS['batch-size']}`,
    'max-length': `maximum tokens of a row; longer rows keep their end; default ${DEFAULTS['max-length']}`,
    validation: `pairs to hold out; default ${DEFAULTS.validation}`,
    lr: `peak learning rate; default ${DEFAULTS.lr}`,
    beta: `strength of the KL penalty; default ${DEFAULTS.beta}`,
    rank: `rank of the adapters; default ${DEFAULTS.rank}`,
    seed: `seed of the split and of the order of the pairs; default ${DEFAULTS.seed}`,
    samples: `number of prompts to answer before and after training; default ${DEFAULTS.samples}`,
    'sample-tokens': `maximum tokens of an answer; default ${DEFAULTS['sample-tokens']}`,
    patience: 'evaluations without a smaller held-out loss after which training stops; default: it does not',
    out: 'folder for the results; default examples/smollm2/out',
  },
  flags: {
    resume: 'continue from the checkpoint in --out',
  },
};

export const HELP = helpOf(COMMAND_LINE);

/** Reads the command line. Returns undefined if it contains `--help`. */
export function parseOptions(args: readonly string[]): Options | undefined {
  const read = readArguments(args, COMMAND_LINE);
  if (!read) return undefined;
  const given = read.texts;
  const count = (name: NumberName, least = 1): number => integer(given, name, least) ?? DEFAULTS[name];
  const amount = (name: NumberName): number => positive(given, name) ?? DEFAULTS[name];
  return {
    backend: given.backend === undefined ? undefined : choice(given, 'backend', BACKENDS, 'wasm'),
    steps: count('steps'),
    batchSize: count('batch-size'),
    maxLength: count('max-length'),
    validation: count('validation'),
    lr: amount('lr'),
    beta: amount('beta'),
    rank: count('rank'),
    seed: count('seed', 0),
    samples: count('samples', 0),
    sampleTokens: count('sample-tokens'),
    resume: read.flags.has('resume'),
    patience: integer(given, 'patience', 1),
    out: given.out,
  };
}
