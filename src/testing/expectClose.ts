import { notNegative } from '../internal/domains.js';
import { number, readOptions } from '../internal/options.js';

/** Numbers to compare: a number, a list nested to any depth, or a typed array. */
export type Values = number | ArrayLike<number> | readonly Values[];

/** Largest allowed difference of two numbers: `|actual - expected| <= absolute + relative * |expected|`. */
export interface Tolerance {
  /** Absolute tolerance, in the unit of the values, at least 0. Default 0. */
  readonly absolute?: number;
  /** Relative tolerance, as a share of the expected value, at least 0. Default 1e-6. */
  readonly relative?: number;
}

interface Entry {
  readonly path: string;
  readonly value: number;
}

/**
 * Asserts that numbers are close to expected numbers. NaN is close only to NaN, and an infinity only to itself. The shapes must
 * agree, except that empty lists are not compared.
 *
 * @param actual - The computed values; for a tensor, the result of `array()` or `data()`.
 * @param expected - The expected values.
 * @param tolerance - See {@link Tolerance}.
 * @throws Error if the shapes or a number differ. For numbers, it names the worst index, both numbers there and their difference.
 *
 * @example
 * ```ts
 * import { dpo } from 'prefloss';
 * import { expectClose } from 'prefloss/testing';
 * const same = { chosen: [-10], rejected: [-12] };
 * expectClose(dpo({ policy: same, reference: same }), [Math.LN2]);
 * ```
 */
export function expectClose(actual: Values, expected: Values, tolerance: Tolerance = {}): void {
  const { absolute, relative } = readOptions('expectClose', tolerance, undefined, {
    absolute: number(notNegative, 0),
    relative: number(notNegative, 1e-6),
  });
  const [got, wanted] = [entries(actual), entries(expected)];
  const [gotPaths, wantedPaths] = [got, wanted].map((list) => list.map((e) => e.path).join(' '));
  if (gotPaths !== wantedPaths) throw new Error(`expectClose: actual has ${size(got)}, expected has ${size(wanted)}`);

  let worst: { readonly entry: Entry; readonly wanted: number; readonly excess: number } | undefined;
  let outside = 0;
  got.forEach((entry, i) => {
    const want = wanted[i]!.value;
    const excess = excessOf(entry.value, want, absolute + relative * Math.abs(want));
    if (excess > 0) outside++;
    if (excess > (worst?.excess ?? 0)) worst = { entry, wanted: want, excess };
  });
  if (!worst) return;
  const { entry } = worst;
  const distance = Math.abs(entry.value - worst.wanted);
  throw new Error(
    `expectClose: ${outside} of ${got.length} values are off, the worst at [${entry.path}]: got ${entry.value}, expected ${worst.wanted}, ` +
      `a difference of ${distance} (allowed: absolute ${absolute}, relative ${relative})`,
  );
}

/** By how much the difference of two numbers exceeds the allowed one; Infinity if they differ and one is not finite. */
function excessOf(actual: number, expected: number, allowed: number): number {
  if (Object.is(actual, expected) || actual === expected) return 0;
  if (!Number.isFinite(actual) || !Number.isFinite(expected)) return Infinity;
  return Math.abs(actual - expected) - allowed;
}

function entries(values: Values, path: readonly number[] = []): Entry[] {
  if (typeof values === 'number') return [{ path: path.join(', '), value: values }];
  if (typeof values !== 'object' || !('length' in values)) throw new TypeError(`expectClose: a ${typeof values} is not a number or a list`);
  return Array.from(values as ArrayLike<Values>).flatMap((value, i) => entries(value, [...path, i]));
}

const size = (list: readonly Entry[]): string => `${list.length} values up to index [${list.at(-1)?.path ?? ''}]`;
