import type { Operand } from '../backend/types.js';
import { checkChoice, checkFlag, checkNumber, checkOptions, checkPerExampleShape, readPerExample, type Checked } from './checks.js';
import type { Domain, NumberDomain } from './domains.js';

/** Reads one option of the function `fn`: returns its checked value, or its default. Values per example must match `like`. */
export type Reader<V> = (fn: string, name: string, value: unknown, like: Checked | undefined) => V;

declare const perExampleMark: unique symbol;

/** Placeholder for `Operand<T>`, where `T` is the type of tensor that the function is called with. */
interface PerExample {
  readonly [perExampleMark]: true;
}

/** One number; required if there is no default. */
export const number =
  (domain: NumberDomain, fallback?: number): Reader<number> =>
  (fn, name, value = fallback) => {
    checkNumber(fn, name, value, domain);
    return value;
  };

/**
 * One number, a scalar, or one value per example `[B]`; required if there is no default. Values that cannot be read at once
 * become NaN where they are outside the domain: read such an option inside `scope`.
 */
export const perExample =
  (domain: Domain, fallback?: number): Reader<PerExample> =>
  (fn, name, value = fallback, like) =>
    readPerExample(fn, name, value, domain, like!) as PerExample;

/** A statistic of the batch: a finite number, a scalar or one value per example. Values of tensors are not checked. */
export const statistic =
  (fallback: number): Reader<PerExample> =>
  (fn, name, value = fallback, like) => {
    checkPerExampleShape(fn, name, value, like!);
    return value as PerExample;
  };

/** One of several strings; the first is the default. */
export const choice =
  <const C extends string>(choices: readonly [C, ...C[]]): Reader<C> =>
  (fn, name, value = choices[0]) => {
    checkChoice(fn, name, value, choices);
    return value as C;
  };

/** True or false. */
export const flag =
  (fallback: boolean): Reader<boolean> =>
  (fn, name, value = fallback) => {
    checkFlag(fn, name, value);
    return value;
  };

/** Like the given reader, but undefined if the option is omitted. */
export const optional =
  <V>(read: Reader<V>): Reader<V | undefined> =>
  (fn, name, value, like) =>
    value === undefined ? undefined : read(fn, name, value, like);

/** The readers of all options of a function; a missing one is a type error. */
type Readers<O> = { readonly [Name in keyof O]-?: Reader<unknown> };

/** Excludes readers that need a tensor to match. */
type WithoutPerExample<R> = { readonly [Name in keyof R]: R[Name] extends Reader<PerExample> ? never : R[Name] };

type ValueOf<R, T> = R extends Reader<infer V> ? (V extends PerExample ? Operand<T> : V) : never;

/**
 * Reads the options of a function, and throws if there is an unknown one. Call it inside `scope` if an option is `perExample`,
 * because reading that may create a tensor.
 *
 * @param fn - The name of the function, for messages.
 * @param options - The options of the caller.
 * @param like - The checked argument that values per example must match; undefined if no option takes them.
 * @param readers - A reader for each option.
 */
export function readOptions<O extends object, R extends Readers<O>, T>(
  fn: string,
  options: O,
  like: Checked<T>,
  readers: R,
): { readonly [Name in keyof R]: ValueOf<R[Name], T> };
export function readOptions<O extends object, R extends Readers<O>>(
  fn: string,
  options: O,
  like: undefined,
  readers: R & WithoutPerExample<R>,
): { readonly [Name in keyof R]: ValueOf<R[Name], never> };
export function readOptions<O extends object>(
  fn: string,
  options: O | undefined = {} as O, // Without options, the message names the first that is required.
  like: Checked | undefined,
  readers: Readers<O>,
): Readonly<Record<string, unknown>> {
  const names = Object.keys(readers);
  checkOptions(fn, options, names);
  const values: Record<string, unknown> = {};
  for (const name of names) values[name] = readers[name as keyof O](fn, name, options[name as keyof O], like);
  return values;
}
