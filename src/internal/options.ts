import type { Operand } from '../backend/types.js';
import { checkChoice, checkFlag, checkNumber, checkOptions, checkPerExampleShape, readPerExample, type Checked } from './checks.js';
import type { Domain, NumberDomain } from './domains.js';

/** Reads one option of the function `fn`: its checked value, or its default. Values per example must match `like`. */
export type Reader<V> = (fn: string, name: string, value: unknown, like: Checked | undefined) => V;

declare const perExampleMark: unique symbol;

/** Stands for a number, a scalar, or one value per example, in whatever type of tensor the function is called with. */
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

/** A statistic of the batch, as a number, a scalar or one value per example. Its values are passed on, even if they are NaN. */
export const statistic =
  (fallback: number): Reader<PerExample> =>
  (fn, name, value = fallback, like) => {
    checkPerExampleShape(fn, name, value, like!);
    return value as PerExample;
  };

/** One of a few words; the first is the default. */
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

/** What another reader reads, or undefined if the option is not given. */
export const optional =
  <V>(read: Reader<V>): Reader<V | undefined> =>
  (fn, name, value, like) =>
    value === undefined ? undefined : read(fn, name, value, like);

/** The readers of all options of a function: leaving one out is a type error. */
type Readers<O> = { readonly [Name in keyof O]-?: Reader<unknown> };

/** The readers, without those that need a tensor to match. */
type WithoutPerExample<R> = { readonly [Name in keyof R]: R[Name] extends Reader<PerExample> ? never : R[Name] };

type ValueOf<R, T> = R extends Reader<infer V> ? (V extends PerExample ? Operand<T> : V) : never;

/**
 * Reads all options of a function; any other one is an error. Call it inside `scope` where an option is `perExample`: reading that may
 * make a tensor.
 *
 * @param fn - The name of the function, for messages.
 * @param options - What the caller gave.
 * @param like - The checked argument that values per example must match; undefined if no option has any.
 * @param readers - What each option may be, and its default.
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
  options: O,
  like: Checked | undefined,
  readers: Readers<O>,
): Readonly<Record<string, unknown>> {
  const names = Object.keys(readers);
  checkOptions(fn, options, names);
  const values: Record<string, unknown> = {};
  for (const name of names) values[name] = readers[name as keyof O](fn, name, options[name as keyof O], like);
  return values;
}
