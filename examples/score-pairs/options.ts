import { helpOf, integer, positive, readArguments, type CommandLine } from '../shared/commandLine.js';

/** Options of the command line. */
export interface Options {
  readonly beta: number;
  readonly validation: number;
  readonly batchSize: number;
  readonly seed: number;
  readonly out: string | undefined;
}

const DEFAULTS = { beta: 0.1, validation: 12, 'batch-size': 8, seed: 0 };

type Name = keyof typeof DEFAULTS | 'out';

const COMMAND_LINE: CommandLine<Name> = {
  about: `Scores preference pairs with two ONNX models: log-probs, implicit rewards, margins, accuracy.

  npx tsx examples/score-pairs/main.ts [options]`,
  options: {
    beta: `scale of the rewards; default ${DEFAULTS.beta}`,
    validation: `pairs that the models are not fitted to; default ${DEFAULTS.validation}`,
    'batch-size': `pairs per batch; default ${DEFAULTS['batch-size']}`,
    seed: `seed of the split; default ${DEFAULTS.seed}`,
    out: 'folder for the results; default examples/score-pairs/out',
  },
  flags: {},
};

export const HELP = helpOf(COMMAND_LINE);

/** Reads the command line. Returns undefined if it contains `--help`. */
export function parseOptions(args: readonly string[]): Options | undefined {
  const read = readArguments(args, COMMAND_LINE);
  if (!read) return undefined;
  const given = read.texts;
  return {
    beta: positive(given, 'beta') ?? DEFAULTS.beta,
    validation: integer(given, 'validation', 1) ?? DEFAULTS.validation,
    batchSize: integer(given, 'batch-size', 1) ?? DEFAULTS['batch-size'],
    seed: integer(given, 'seed', 0) ?? DEFAULTS.seed,
    out: given.out,
  };
}
