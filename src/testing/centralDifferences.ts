import { arrays } from '../backend/arrays/arrays.js';
import { registerBackend } from '../backend/registry.js';
import type { Nested } from '../backend/types.js';

/** Options of {@link centralDifferences}. */
interface Differences {
  /** The differences use `x ± h` and `x ± 2h` with `h = step * min(1, max(|x|, 0.01))`. Default 1e-3. */
  readonly step?: number;
  /** Whether results of `stopGradient` are held: recorded in the unperturbed run and replayed in the others. Default true. */
  readonly isHeld?: boolean;
}

/**
 * Gradient of a scalar function of flat inputs by fourth-order central differences, on the arrays engine in float64.
 *
 * @param f - The function, computed on the arrays engine.
 * @param inputs - Values to differentiate at.
 * @param options - See {@link Differences}.
 * @returns The value, and the gradient with respect to each input.
 */
export function centralDifferences(
  f: (inputs: readonly Float64Array[]) => number,
  inputs: readonly Float64Array[],
  { step = 1e-3, isHeld = true }: Differences = {},
): { value: number; grads: Float64Array[] } {
  const { value, record } = recorded(() => f(inputs));
  const grads = inputs.map((input, n) =>
    input.map((x, i) => {
      const h = step * Math.min(1, Math.max(Math.abs(x), 0.01));
      const at = (offset: number) => {
        const moved = inputs.map((values) => values.slice());
        moved[n]![i] = x + offset;
        return isHeld ? replayed(record, () => f(moved)) : f(moved);
      };
      return (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
    }),
  );
  return { value, grads };
}

/** Runs `f` with another `stopGradient` on the arrays engine. */
function withStopGradient<R>(stopGradient: (x: Nested) => Nested, f: () => R): R {
  const unregister = registerBackend({ ...arrays, stopGradient });
  try {
    return f();
  } finally {
    unregister();
  }
}

function recorded<R>(f: () => R): { value: R; record: readonly Nested[] } {
  const record: Nested[] = [];
  const value = withStopGradient((x) => {
    record.push(x);
    return arrays.stopGradient(x);
  }, f);
  return { value, record };
}

function replayed<R>(record: readonly Nested[], f: () => R): R {
  let next = 0;
  return withStopGradient(() => arrays.stopGradient(record[next++]!), f);
}
