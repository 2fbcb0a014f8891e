import { holdsBoolean } from '../backend/arrays/lists.js';
import { isInMemory } from '../backend/arrays/onValues.js';
import { isSame, show } from '../backend/arrays/shapes.js';
import { where } from '../backend/ops.js';
import { describe } from '../backend/describe.js';
import { isPlainObject } from '../backend/plainObject.js';
import { backendOf, isPlain, ownerOf } from '../backend/registry.js';
import type { Backend, DType, Reduced, Operand } from '../backend/types.js';
import { finite, type Domain, type NumberDomain } from './domains.js';

const FLOAT: readonly DType[] = ['float'];

/** A tensor argument that was checked, with its engine and shape, which other arguments must match. */
export interface Checked<T = unknown> {
  readonly name: string;
  readonly value: T;
  readonly backend: Backend<T>;
  readonly shape: readonly number[];
}

/** The same argument with its shape cut to `[rows]`, for arguments with one value per row to match. */
export const perRow = <T>(checked: Checked<T>): Checked<Reduced<T>> => ({ ...checked, shape: checked.shape.slice(0, 1) });

/** Requirements that {@link checkTensor} checks. */
interface Expected {
  /** Number of axes. */
  readonly rank?: number;
  /** Exact shape. If neither `rank` nor `shape` is given, the shape of `like`. */
  readonly shape?: readonly number[];
  /** The argument whose engine this one must match, and its shape too unless `rank` or `shape` is given. */
  readonly like?: Checked;
  /** Whether a scalar is accepted as well. */
  readonly orScalar?: boolean;
  /** Whether plain values are accepted next to a tensor `like`: they become a constant. */
  readonly orPlain?: boolean;
  /** Accepted dtypes. Default: float only. */
  readonly dtype?: readonly DType[];
  /** Advice for the error message about a ragged list. */
  readonly ragged?: string;
}

/** Returns the engine that owns an argument; throws a TypeError that names the argument if there is none. */
function engineOf<T>(fn: string, name: string, value: T, orNumber?: boolean): Backend<T> {
  try {
    return backendOf<T>(value);
  } catch (error) {
    throw new TypeError(`${fn}: ${name} is not a ${orNumber ? 'number or ' : ''}tensor: ${(error as Error).message}`, { cause: error });
  }
}

/** Checks that an argument is a tensor that is not disposed, whose rows are not empty, and as expected. */
export function checkTensor<T>(fn: string, name: string, value: T, expected: Expected = {}): Checked<T> {
  const { rank, like, orScalar, orPlain, dtype: dtypes = FLOAT } = expected;
  const backend = like?.backend.owns(value) ? (like.backend as Backend<T>) : engineOf(fn, name, value, orScalar);
  if (backend.isDisposed?.(value)) {
    throw new TypeError(`${fn}: ${name} is disposed${backend.ifDisposed ? `: ${backend.ifDisposed}` : ''}`);
  }
  const given = shapeOf(fn, name, value, backend, expected.ragged);
  if (isPlain(backend)) checkPlain(fn, name, value, dtypes, orPlain);
  if (like && backend !== like.backend && !(orPlain && isPlain(backend)) && !(isInMemory(backend) && isInMemory(like.backend))) {
    throw new TypeError(`${fn}: ${name} is on the engine ${backend.name}, expected ${like.backend.name} like ${like.name}`);
  }
  const wanted = expected.shape ?? (rank === undefined ? like?.shape : undefined);
  const shape = backend.isUntyped && isSame(given, [0]) ? shapeOfEmptyList(wanted, rank) : given;
  if (wanted && !isSame(wanted, shape) && !(orScalar && shape.length === 0)) {
    throw new RangeError(`${fn}: ${name} has shape ${show(shape)}, expected ${show(wanted)}${like ? ` like ${like.name}` : ''}`);
  }
  if (rank !== undefined && shape.length !== rank) {
    throw new RangeError(`${fn}: ${name} has shape ${show(shape)}, expected rank ${rank}`);
  }
  if (given.includes(0, 1)) throw new RangeError(`${fn}: ${name} has shape ${show(shape)}, expected no empty axis`);
  if (!backend.isUntyped && !dtypes.includes(backend.dtype(value))) {
    throw new TypeError(`${fn}: ${name} has dtype ${backend.dtype(value)}, expected ${dtypes.join(' or ')}`);
  }
  return { name, value, backend, shape };
}

/** A plain empty list stands for a tensor without rows, whatever its other axes are; without a known rank, it has two. */
const shapeOfEmptyList = (wanted: readonly number[] | undefined, rank = 2): readonly number[] =>
  wanted?.[0] === 0 ? wanted : new Array<number>(Math.max(rank, 1)).fill(0);

/** Checks the entries of plain values: a typed array is a constant only, and booleans are masks and labels only. */
function checkPlain(fn: string, name: string, value: unknown, dtypes: readonly DType[], orPlain?: boolean): void {
  if (!orPlain && ArrayBuffer.isView(value)) {
    throw new TypeError(`${fn}: ${name} is not a tensor: it is ${describe(value)}; wrap it with tensorOf`);
  }
  if (!dtypes.includes('bool') && holdsBoolean(value)) throw new TypeError(`${fn}: ${name}: a list holds a boolean, expected numbers`);
}

function shapeOf<T>(fn: string, name: string, value: T, backend: Backend<T>, ragged?: string): readonly number[] {
  try {
    return backend.shape(value);
  } catch (error) {
    const isType = error instanceof TypeError;
    const advice = isType || ragged === undefined ? '' : `; ${ragged}`;
    throw new (isType ? TypeError : RangeError)(`${fn}: ${name}: ${(error as Error).message}${advice}`, { cause: error });
  }
}

/**
 * The fields that a record may have besides those that it must have. Losses allow no others, because one that is misspelt or not supported
 * would be ignored silently. `'any'` is for functions that read part of a record.
 */
export type OtherFields = readonly string[] | 'any';

/** Checks that an argument is an object with all of the fields, and which others it has; `form` describes it in the message. */
export function checkFields(
  fn: string,
  name: string,
  value: unknown,
  fields: readonly string[],
  others: OtherFields = 'any',
  form = `{ ${fields.join(', ')} }`,
): void {
  if (typeof value !== 'object' || value === null || ownerOf(value)) {
    throw new TypeError(`${fn}: ${name} is ${describe(value)}, expected ${form}`);
  }
  for (const field of fields) {
    if ((value as Record<string, unknown>)[field] !== undefined) continue;
    throw new TypeError(`${fn}: ${name} lacks ${field}, expected ${form}`);
  }
  if (others === 'any') return;
  const known = [...fields, ...others];
  const other = unknownKey(value, known);
  if (other !== undefined) throw new TypeError(`${fn}: ${name} has an unknown field ${other}, expected { ${known.join(', ')} }`);
}

const unknownKey = (record: object, known: readonly string[]): string | undefined =>
  Object.keys(record).find((key) => !known.includes(key));

/** Checks that an argument is an object with all of the fields, and no others except the optional ones. */
export function checkOnlyFields(
  fn: string,
  name: string,
  value: unknown,
  fields: readonly string[],
  optional: readonly string[] = [],
): void {
  checkFields(fn, name, value, fields, optional);
}

/** Checks that options are a plain object, so that none is inherited or hidden, and that the function knows each of them. */
export function checkOptions(fn: string, options: unknown, known: readonly string[]): void {
  if (!isPlainObject(options)) throw new TypeError(`${fn}: options is ${describe(options)}, expected a plain object`);
  const unknown = unknownKey(options, known);
  if (unknown !== undefined) throw new RangeError(`${fn}: unknown option ${unknown}, expected ${known.join(', ') || 'none'}`);
}

/** Rejects options that would have no effect because of other options. */
export function checkUnused(fn: string, options: object, names: readonly string[], reason: string): void {
  const name = names.find((key) => (options as Record<string, unknown>)[key] !== undefined);
  if (name !== undefined) throw new RangeError(`${fn}: ${name} would be ignored ${reason}`);
}

/** Checks that an option is one of several strings. */
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

/** Checks a finite number, a scalar, or values with the shape of `like`. The values of a tensor are not checked. */
export function checkPerExampleShape(fn: string, name: string, value: unknown, like: Checked): void {
  if (typeof value === 'number') checkNumber(fn, name, value, finite);
  else checkTensor(fn, name, value, { like, orScalar: true, orPlain: true });
}

/** Checks a record of scalars on one engine; some may be numbers. Returns the engine's scalar, or a number if all are. */
export function checkScalars<T>(fn: string, record: Readonly<Record<string, T>>): Checked<T> {
  const scalars = Object.entries(record).map(([name, value]) => checkTensor(fn, name, value, { rank: 0, orPlain: true }));
  const like = scalars.find(({ backend }) => !isPlain(backend)) ?? scalars[0]!;
  for (const { name, value } of scalars) checkTensor(fn, name, value, { rank: 0, orPlain: true, like });
  return like;
}

/** Checks a record of a mean and a standard deviation, scalars on the engine of `like` or numbers. */
export function checkMeanAndStd(
  fn: string,
  name: string,
  statistics: { readonly mean: unknown; readonly std: unknown },
  like: Checked,
): void {
  checkFields(fn, name, statistics, ['mean', 'std']);
  checkTensor(fn, `${name}.mean`, statistics.mean, { rank: 0, like, orPlain: true });
  checkTensor(fn, `${name}.std`, statistics.std, { rank: 0, like, orPlain: true });
}

/** Checks the values of a tensor if they can be read at once. */
export function checkValues(fn: string, { name, value }: Pick<Checked, 'name' | 'value'>, domain: NumberDomain): void {
  const values = backendOf(value).peek(value);
  if (values) checkEach(fn, name, values, domain);
}

/** Checks each of several numbers. */
export function checkEach(fn: string, name: string, values: ArrayLike<number>, domain: NumberDomain): void {
  for (let i = 0; i < values.length; i++) {
    if (!domain.has(values[i]!)) throw new RangeError(`${fn}: value ${i} of ${name} must be ${domain.words}, got ${values[i]!}`);
  }
}

/**
 * The tensor with NaN in place of values outside the domain, where values cannot be read at once: a bad value then makes the
 * result and its gradient NaN instead of being accepted silently. Values that can be read are assumed to be checked.
 */
export function poisonOutside<T>(value: T, domain: Domain): T {
  return isReadable(backendOf<T>(value), value) ? value : where(domain.holds(value), value, NaN);
}

/** Whether the values of a tensor can be read at once. */
export const isReadable = <T>(backend: Backend<T>, x: T): boolean => backend.isReadable?.(x) ?? backend.peek(x) !== undefined;

/** Reads a hyperparameter: a number, a scalar, or one value per example. Bad values throw, or become NaN if not readable. */
export function readPerExample<T>(fn: string, name: string, value: unknown, domain: Domain, like: Checked<T>): Operand<T> {
  if (typeof value === 'number') {
    checkNumber(fn, name, value, domain);
    return value;
  }
  const { value: tensor, backend } = checkTensor(fn, name, value as T, { like, orScalar: true, orPlain: true });
  const values = backend.peek(tensor);
  if (!values) return where(domain.holds(tensor), tensor, NaN);
  checkEach(fn, name, values, domain);
  return tensor;
}
