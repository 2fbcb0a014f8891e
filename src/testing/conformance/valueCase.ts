import { arrays } from '../../backend/arrays/arrays.js';
import { sizeOf } from '../../backend/arrays/shapes.js';
import type { DType, Nested } from '../../backend/types.js';

declare const tensor: unique symbol;

/** A tensor of any engine: cases are written once for all of them. */
export interface AnyTensor {
  readonly [tensor]: never;
}

/** How close a result must be, in float32; see {@link allowed}. */
export type Accuracy = 'exact' | 'arithmetic' | 'quotient' | 'function' | 'sum' | 'token';

/** The values and the kind of a tensor. */
export interface Input {
  readonly values: Nested;
  readonly kind: DType;
}

/** A function of tensors whose result must be the one on plain arrays. */
export interface ValueCase {
  /** The call in words. */
  readonly name: string;
  readonly inputs: readonly Input[];
  /** The function, in operations of `ops`. */
  readonly f: (...inputs: AnyTensor[]) => AnyTensor;
  /** The function on plain arrays, if it is another one, as for a fused operation and its definition. */
  readonly reference?: (...inputs: AnyTensor[]) => AnyTensor;
  /** The kind of the result, by the contract. */
  readonly kind: DType;
  readonly accuracy: Accuracy;
  /**
   * What the error of a gradient by a float is relative to: each of its values, or the largest of them where values are sums; 'none' if
   * the function has no gradient.
   */
  readonly gradient: 'each' | 'largest' | 'none';
  /** The inputs, by index, that the gradient is by. Default: all floats. */
  readonly wrt?: readonly number[];
}

/** Cases of one operation, which are run together. */
export interface CaseGroup {
  readonly name: string;
  readonly group: string;
  readonly cases: readonly ValueCase[];
}

/** What sample values are like. */
export interface Sample {
  /** Floats from 0.2 to 3 and ones, for functions of positive numbers. Default: from -3 to 3. */
  readonly isPositive?: boolean;
  /** Other numbers for another operand. Default 0. */
  readonly seed?: number;
}

const FRACTION = 0.7548776662466927;
const INTS = [2, -3, 1, 4, -1, 2, -2, 3];
const POSITIVE_INTS = [2, 3, 1, 4];

/** Sample values: no two floats are equal, nor is one near 0; integers and conditions repeat. */
export function sample(shape: readonly number[], kind: DType, { isPositive = false, seed = 0 }: Sample = {}): Input {
  const number = (i: number): number => {
    if (kind === 'bool') return Number(isPositive || (i + seed) % 3 !== 1);
    if (kind === 'int') return isPositive ? POSITIVE_INTS[(i + seed) % 4]! : INTS[(i + 3 * seed) % 8]!;
    const share = (0.31 + 0.377 * seed + i * FRACTION) % 1;
    return Math.fround(isPositive ? 0.2 + 2.8 * share : share < 0.5 ? -3 + 5.8 * share : 0.1 + 5.8 * (share - 0.5));
  };
  const values = Array.from({ length: sizeOf(shape) }, (_, i) => number(i));
  return { values: arrays.reshape(values, shape), kind };
}

/** The kind and shape of an input, for the name of a case. */
export const words = ({ values, kind }: Input): string => `${kind} [${arrays.shape(values).join(', ')}]`;

const rounded = (values: Nested): Nested => (typeof values === 'number' ? Math.fround(values) : values.map(rounded));

/** Floats of given values, rounded to float32. */
export const floats = (values: Nested): Input => ({ values: rounded(values), kind: 'float' });
/** Integers of given values. */
export const ints = (values: Nested): Input => ({ values, kind: 'int' });
/** Conditions of given values. */
export const bools = (values: Nested): Input => ({ values, kind: 'bool' });
