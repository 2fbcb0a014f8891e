import { parseArgs } from 'node:util';
import { BACKENDS, type BackendName } from './backend.js';
import { LOSSES, type LossName } from './objectives.js';
import { UsageError } from './usageError.js';

/** What the command line decides. */
export interface Options {
  readonly loss: LossName;
  readonly backend: BackendName;
  readonly seed: number;
  readonly sftEpochs: number;
  /** Passes over the training pairs with the preference loss. */
  readonly epochs: number;
  /** The same as a number of updates; it takes the place of `epochs` where it is given. */
  readonly steps: number | undefined;
  readonly batchSize: number;
  readonly lr: number;
  readonly beta: number;
  readonly out: string | undefined;
}

export const HELP = `Fine-tunes a tiny GPT on preference pairs.

  npx tsx examples/train-tiny-gpt/main.ts [options]

  --loss        ${LOSSES.join(', ')}; default dpo
  --backend     ${BACKENDS.join(', ')}; default wasm
  --seed        decides the first weights, the split and the order of the pairs; default 0
  --sft-epochs  epochs of supervised fine-tuning on the chosen answers; default 16
  --epochs      epochs of preference optimization; default 10
  --steps       the same in updates, instead of --epochs
  --batch-size  pairs in an update; default 8
  --lr          learning rate of preference optimization; default 0.0001
  --beta        weight of the penalty, for ORPO of the odds term; default 0.1, ipo 0.5, orpo 1
  --out         folder for the results; default examples/train-tiny-gpt/out/<loss>
  --help        this text`;

/**
 * A margin of 1 / (2 beta) nats per token is what IPO aims at: 0.1 would ask for 5, which only a ruined model has. ORPO's
 * weight of 1 makes the odds term visible within a minute beside the fine-tuning term; the paper takes 0.1.
 */
const BETA: Readonly<Record<LossName, number>> = { dpo: 0.1, ipo: 0.5, kto: 0.1, orpo: 1 };

const NAMES = ['loss', 'backend', 'seed', 'sft-epochs', 'epochs', 'steps', 'batch-size', 'lr', 'beta', 'out'] as const;
type Values = Readonly<Partial<Record<(typeof NAMES)[number], string>>>;

/** Reads the command line; undefined if it asks for help. */
export function parseOptions(args: readonly string[]): Options | undefined {
  const values = parse(args);
  if (!values) return undefined;
  if (values.steps !== undefined && values.epochs !== undefined) {
    throw new UsageError('--steps and --epochs were both given, expected one of them');
  }
  const loss = choice(values, 'loss', LOSSES, 'dpo');
  return {
    loss,
    backend: choice(values, 'backend', BACKENDS, 'wasm'),
    seed: integer(values, 'seed', 0) ?? 0,
    sftEpochs: integer(values, 'sft-epochs', 0) ?? 16,
    epochs: integer(values, 'epochs', 1) ?? 10,
    steps: integer(values, 'steps', 1),
    batchSize: integer(values, 'batch-size', 1) ?? 8,
    lr: positive(values, 'lr') ?? 1e-4,
    beta: positive(values, 'beta') ?? BETA[loss],
    out: values.out,
  };
}

function parse(args: readonly string[]): Values | undefined {
  const options = Object.fromEntries(NAMES.map((name) => [name, { type: 'string' as const }]));
  // parseArgs takes "--lr -1" for two options; as "--lr=-1" it reaches the check that can say what is wrong.
  const joined = args.flatMap((arg, i) => {
    if (isNegative(arg) && args[i - 1]?.startsWith('--')) return [];
    return arg.startsWith('--') && isNegative(args[i + 1]) ? [`${arg}=${args[i + 1]!}`] : [arg];
  });
  try {
    const { values } = parseArgs({ args: joined, options: { ...options, help: { type: 'boolean' } } });
    const { help, ...given } = values as Values & { readonly help?: boolean };
    return help ? undefined : given;
  } catch (error) {
    const [problem] = (error as Error).message.split(/\. |\n/);
    throw new UsageError(`${problem!}, expected ${NAMES.map((name) => `--${name}`).join(', ')} with a value, or --help`);
  }
}

const isNegative = (arg: string | undefined): boolean => arg !== undefined && /^-[\d.]/.test(arg);

function choice<Word extends string>(values: Values, name: keyof Values, words: readonly Word[], otherwise: Word): Word {
  const given = values[name] ?? otherwise;
  const word = words.find((w) => w === given);
  if (word === undefined) throw new UsageError(`--${name} is ${JSON.stringify(given)}, expected one of ${words.join(', ')}`);
  return word;
}

function integer(values: Values, name: keyof Values, least: number): number | undefined {
  const given = values[name];
  if (given === undefined) return undefined;
  const number = given.trim() === '' ? NaN : Number(given);
  if (!(Number.isSafeInteger(number) && number >= least)) {
    throw new UsageError(`--${name} is ${JSON.stringify(given)}, expected an integer of at least ${least}`);
  }
  return number;
}

function positive(values: Values, name: keyof Values): number | undefined {
  const given = values[name];
  if (given === undefined) return undefined;
  const number = given.trim() === '' ? NaN : Number(given);
  if (!(number > 0 && number < Infinity)) throw new UsageError(`--${name} is ${JSON.stringify(given)}, expected a number above 0`);
  return number;
}
