import { backendOf, describe } from '../backend/registry.js';
import type { Backend, DType } from '../backend/types.js';
import { where } from '../backend/ops.js';
import { finite, type Domain, type NumberDomain } from './domains.js';

const show = (shape: readonly number[]): string => `[${shape.join(', ')}]`;

const FLOAT: readonly DType[] = ['float'];

/** Whether two shapes agree. Like all checks, in loops: a loss makes dozens of them before its few operations. */
function isSame(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** What {@link checkTensor} expects of its argument beyond being a tensor. */
interface Expected {
  /** Number of axes. */
  readonly rank?: number;
  /** Exact shape, and the argument it is compared with. */
  readonly shape?: readonly number[];
  /** The argument that the shape or the engine has to agree with: its name and its value. */
  readonly like?: readonly [name: string, value: unknown];
  /** Kinds of elements that are taken; floats only if left out. */
  readonly dtype?: readonly DType[];
}

/** The engine that owns an argument; a TypeError that names the argument if there is none. */
function engineOf<T>(fn: string, name: string, value: unknown): Backend<T> {
  try {
    return backendOf<T>(value);
  } catch (error) {
    throw new TypeError(`${fn}: ${name} is not a tensor: ${(error as Error).message}`, { cause: error });
  }
}

/** The shape of a tensor argument, after a check that it is one, alive, not empty, and as expected. */
export function checkTensor(fn: string, name: string, value: unknown, expected: Expected = {}): readonly number[] {
  const backend = engineOf(fn, name, value);
  if (backend.isDisposed?.(value)) throw new TypeError(`${fn}: ${name} is disposed`);
  const shape = shapeOf(fn, name, value, backend);
  if (expected.like) {
    const [otherName, other] = expected.like;
    const otherBackend = engineOf(fn, otherName, other);
    if (otherBackend !== backend) {
      throw new TypeError(`${fn}: ${name} is on the engine ${backend.name}, expected ${otherBackend.name} like ${otherName}`);
    }
  }
  const wanted = expected.shape ?? (expected.like && expected.rank === undefined ? backend.shape(expected.like[1]) : undefined);
  if (wanted && !isSame(wanted, shape)) {
    const like = expected.like ? ` like ${expected.like[0]}` : '';
    throw new RangeError(`${fn}: ${name} has shape ${show(shape)}, expected ${show(wanted)}${like}`);
  }
  if (expected.rank !== undefined && shape.length !== expected.rank) {
    throw new RangeError(`${fn}: ${name} has shape ${show(shape)}, expected rank ${expected.rank}`);
  }
  if (shape.includes(0)) throw new RangeError(`${fn}: ${name} has shape ${show(shape)}, expected no empty axis`);
  const { dtype: dtypes = FLOAT } = expected;
  const dtype = backend.dtype(value);
  // Plain numbers have no kind: the arrays engine says 'float', and the values are checked where they must be integers.
  if (!dtypes.includes(dtype) && backend.name !== 'arrays') {
    throw new TypeError(`${fn}: ${name} has dtype ${dtype}, expected ${dtypes.join(' or ')}`);
  }
  return shape;
}

function shapeOf<T>(fn: string, name: string, value: T, backend: Backend<T>): readonly number[] {
  try {
    return backend.shape(value);
  } catch (error) {
    const Kind = error instanceof TypeError ? TypeError : RangeError;
    throw new Kind(`${fn}: ${name}: ${(error as Error).message}`, { cause: error });
  }
}

/** Checks that an argument is an object that has every one of the fields. */
export function checkFields(fn: string, name: string, value: unknown, fields: readonly string[]): void {
  if (typeof value !== 'object' || value === null) {
    throw new TypeError(`${fn}: ${name} is ${describe(value)}, expected { ${fields.join(', ')} }`);
  }
  for (const field of fields) {
    if ((value as Record<string, unknown>)[field] !== undefined) continue;
    throw new TypeError(`${fn}: ${name} lacks ${field}, expected { ${fields.join(', ')} }`);
  }
}

/** Checks that a record with optional fields has no others: a misspelt one would be left out silently. */
export function checkNoOtherFields(fn: string, name: string, value: object, fields: readonly string[]): void {
  const other = Object.keys(value).find((key) => !fields.includes(key));
  if (other !== undefined) throw new TypeError(`${fn}: ${name} has an unknown field ${other}, expected { ${fields.join(', ')} }`);
}

/** Checks that every given option is one that the function reads. */
export function checkOptions(fn: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null) throw new TypeError(`${fn}: options is ${describe(options)}, expected an object`);
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown !== undefined) throw new RangeError(`${fn}: unknown option ${unknown}, expected ${known.join(', ') || 'none'}`);
}

/** Checks that an option that only counts beside another one is not given without it. */
export function checkUnused(fn: string, options: object, names: readonly string[], reason: string): void {
  const name = names.find((key) => (options as Record<string, unknown>)[key] !== undefined);
  if (name !== undefined) throw new RangeError(`${fn}: ${name} would be ignored ${reason}`);
}

/** Checks that an option is one of a few words. */
export function checkChoice(fn: string, name: string, value: unknown, choices: readonly string[]): void {
  if (!choices.includes(value as string)) {
    const got = typeof value === 'string' ? JSON.stringify(value) : describe(value);
    throw new RangeError(`${fn}: ${name} must be one of ${choices.map((c) => JSON.stringify(c)).join(', ')}, got ${got}`);
  }
}

/** Checks that an option is true or false. */
export function checkFlag(fn: string, name: string, value: unknown): asserts value is boolean {
  if (typeof value !== 'boolean') throw new TypeError(`${fn}: ${name} is ${describe(value)}, expected true or false`);
}

/** Checks a hyperparameter that is one number. */
export function checkNumber(fn: string, name: string, value: unknown, domain: NumberDomain): asserts value is number {
  if (typeof value !== 'number') throw new TypeError(`${fn}: ${name} is ${describe(value)}, expected a number`);
  if (!domain.has(value)) throw new RangeError(`${fn}: ${name} must be ${domain.words}, got ${value}`);
}

/** Checks a hyperparameter that is one number, or a tensor with one value per example, like the data argument `like`. */
export function checkPerExample(fn: string, name: string, value: unknown, domain: Domain, like: readonly [string, unknown]): void {
  if (typeof value === 'number') {
    checkNumber(fn, name, value, domain);
  } else {
    checkTensor(fn, name, value, { like });
    checkValues(fn, name, value, domain);
  }
}

/** Checks an argument that is one number, a scalar tensor, or a tensor with one value per example, all finite. */
export function checkScalarOrPerExample(fn: string, name: string, value: unknown, like: readonly [string, unknown]): void {
  if (typeof value === 'number') checkNumber(fn, name, value, finite);
  else checkTensor(fn, name, value, checkTensor(fn, name, value).length === 0 ? { rank: 0, like } : { like });
}

/** Checks the values inside a tensor where reading them is free. Elsewhere {@link poisonOutside} does what can be done. */
export function checkValues(fn: string, name: string, value: unknown, domain: NumberDomain): void {
  const values = backendOf(value).peek(value);
  if (!values) return;
  for (let i = 0; i < values.length; i++) {
    if (!domain.has(values[i]!)) {
      throw new RangeError(`${fn}: value ${i} of ${name} must be ${domain.words}, got ${values[i]!}`);
    }
  }
}

/**
 * The tensor with NaN in place of values outside the domain, on engines where they cannot be read at once: a bad value
 * then shows in the result and in its gradient, and is never taken silently. Numbers and checked values pass as they are.
 */
export function poisonOutside<T>(value: T | number, domain: Domain): T | number {
  if (typeof value === 'number' || backendOf<T>(value).peek(value)) return value;
  return where(domain.holds(value), value, NaN);
}
