import { parseArgs } from 'node:util';
import { UsageError } from './usageError.js';

/** Option values as strings, by option name. */
type Texts = Readonly<Record<string, string | undefined>>;

/** The command line of a program. */
export interface CommandLine<Name extends string, Flag extends string = never> {
  /** What `--help` shows before the options. */
  readonly about: string;
  /** What each option with a value does. */
  readonly options: Readonly<Record<Name, string>>;
  /** What each flag does. */
  readonly flags: Readonly<Record<Flag, string>>;
}

/** The text that `--help` shows. */
export function helpOf<Name extends string, Flag extends string>({ about, options, flags }: CommandLine<Name, Flag>): string {
  const described = Object.entries<string>({ ...options, ...flags, help: 'show this text' });
  const width = Math.max(...described.map(([name]) => name.length));
  return [about, '', ...described.map(([name, text]) => `  --${name.padEnd(width)}  ${text}`)].join('\n');
}

/** Reads options with a value, and flags. Returns undefined if `--help` is among them. */
export function readArguments<Name extends string, Flag extends string>(
  args: readonly string[],
  commandLine: Pick<CommandLine<Name, Flag>, 'options' | 'flags'>,
): { readonly texts: Readonly<Partial<Record<Name, string>>>; readonly flags: ReadonlySet<Flag> } | undefined {
  const names = Object.keys(commandLine.options) as Name[];
  const flags = Object.keys(commandLine.flags) as Flag[];
  const options = {
    ...Object.fromEntries(names.map((name) => [name, { type: 'string' as const }])),
    ...Object.fromEntries([...flags, 'help'].map((name) => [name, { type: 'boolean' as const }])),
  };
  // parseArgs reads "--lr -1" as two options; "--lr=-1" reaches the range check, which has the better message.
  const joined = args.flatMap((arg, i) => {
    if (isNegative(arg) && args[i - 1]?.startsWith('--')) return [];
    return arg.startsWith('--') && isNegative(args[i + 1]) ? [`${arg}=${args[i + 1]!}`] : [arg];
  });
  try {
    const { help, ...given } = parseArgs({ args: joined, options }).values as Readonly<Record<string, string | boolean>>;
    if (help) return undefined;
    const texts = Object.fromEntries(names.flatMap((name) => (name in given ? [[name, given[name]]] : [])));
    return { texts: texts as Partial<Record<Name, string>>, flags: new Set(flags.filter((flag) => given[flag])) };
  } catch (error) {
    const [problem] = (error as Error).message.split(/\. |\n/);
    const near = nearest(/^Unknown option '--(.+)'$/.exec(problem!)?.[1], Object.keys(options));
    if (near !== undefined) throw new UsageError(`${problem!}: did you mean --${near}? --help describes all options`);
    const known = [...names.map((name) => `--${name} with a value`), ...[...flags, 'help'].map((flag) => `--${flag}`)];
    throw new UsageError(`${problem!}, expected ${known.join(', ')}`);
  }
}

/** The word that is meant by one with a typing error: it begins with it, or differs from it in at most two letters. */
function nearest(typed: string | undefined, words: readonly string[]): string | undefined {
  if (typed === undefined) return undefined;
  const distances = words.map((word) => ({ word, distance: word.startsWith(typed) ? 0 : editDistance(typed, word) }));
  const [best] = distances.sort((a, b) => a.distance - b.distance);
  return best && best.distance <= 2 && best.distance < typed.length ? best.word : undefined;
}

/** The number of letters to insert, delete or replace to get from one word to another. */
function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, j) => j);
  for (let i = 0; i < from.length; i++) {
    const row = [i + 1];
    for (let j = 0; j < to.length; j++) {
      row.push(Math.min(previous[j]! + (from[i] === to[j] ? 0 : 1), previous[j + 1]! + 1, row[j]! + 1));
    }
    previous = row;
  }
  return previous[to.length]!;
}

const isNegative = (arg: string | undefined): boolean => arg !== undefined && /^-[\d.]/.test(arg);

/** Reads an option that must be one of several words. */
export function choice<T extends Texts, Word extends string>(
  texts: T,
  name: keyof T & string,
  words: readonly Word[],
  otherwise: Word,
): Word {
  const text: string = texts[name] ?? otherwise;
  const word = words.find((w) => w === text);
  if (word === undefined) throw new UsageError(`--${name} is ${JSON.stringify(text)}, expected one of ${words.join(', ')}`);
  return word;
}

/** Reads an option that must be an integer of at least `least`. */
export const integer = <T extends Texts>(texts: T, name: keyof T & string, least: number): number | undefined =>
  number(name, texts[name], `an integer of at least ${least}`, (value) => Number.isSafeInteger(value) && value >= least);

/** Reads an option that must be a number above 0. */
export const positive = <T extends Texts>(texts: T, name: keyof T & string): number | undefined =>
  number(name, texts[name], 'a number above 0', (value) => value > 0 && value < Infinity);

function number(name: string, text: string | undefined, words: string, has: (value: number) => boolean): number | undefined {
  if (text === undefined) return undefined;
  const value = text.trim() === '' ? NaN : Number(text);
  if (!has(value)) throw new UsageError(`--${name} is ${JSON.stringify(text)}, expected ${words}`);
  return value;
}
