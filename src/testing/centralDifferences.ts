import { arrays } from '../backend/arrays/arrays.js';
import { registerBackend } from '../backend/registry.js';
import type { Nested } from '../backend/types.js';

/**
 * Gradient of a scalar function of flat inputs by fourth-order central differences, on the arrays engine in float64.
 *
 * Results of `stopGradient` are recorded in the unperturbed run and replayed in the perturbed ones, so that they are constant.
 *
 * @param f - The function, computed on the arrays engine.
 * @param inputs - Values to differentiate at.
 * @param step - The differences use `x ± h` and `x ± 2h` with `h = step * min(1, max(|x|, 0.01))`.
 * @returns The value, and the gradient with respect to each input.
 */
export function centralDifferences(
  f: (inputs: readonly Float64Array[]) => number,
  inputs: readonly Float64Array[],
  step = 1e-3,
): { value: number; grads: Float64Array[] } {
  const { value, record } = recorded(() => f(inputs));
  const grads = inputs.map((input, n) =>
    input.map((x, i) => {
      const h = step * Math.min(1, Math.max(Math.abs(x), 0.01));
      const at = (offset: number) => {
        const moved = inputs.map((values) => values.slice());
        moved[n]![i] = x + offset;
        return replayed(record, () => f(moved));
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
