import * as jax from '@jax-js/jax';
import { axisFrom0 } from '../backend/arrays/shapes.js';
import { another, condition, float, kindOf, type T } from './kinds.js';

const { numpy: np } = jax;

/** Concatenates along one axis. */
export function concat(xs: readonly T[], axis: number): T {
  if (xs.length === 1) return another(xs[0]!);
  const at = axisFrom0(axis, xs[0]!.shape);
  const kind = kindOf(xs[0]!);
  if (xs.some((x) => kindOf(x) !== kind)) return concatNumbers(xs.map(float), at);
  // Only numbers are padded.
  if (kind === 'bool') return condition(concatNumbers(xs.map((x) => x.ref.astype(np.int32)), at)); // prettier-ignore
  return concatNumbers(
    xs.map((x) => x.ref),
    at,
  );
}

const concatNumbers = (xs: readonly T[], axis: number): T =>
  xs.every((x) => x instanceof jax.Array) ? np.concatenate([...xs], axis) : joined(xs, axis);

/**
 * `np.concatenate` while a transform runs; consumes `xs`. That of jax-js 0.1.25 adds up the parts, each padded with zeros; but under `jit`
 * the padding of a constant holds the constant. Here, each place chooses its part.
 */
function joined(xs: readonly T[], axis: number): T {
  const sizes = xs.map((x) => x.shape[axis]!);
  const size = sizes.reduce((a, b) => a + b, 0);
  const places = np.arange(size).reshape(xs[0]!.shape.map((_, i) => (i === axis ? size : 1)));
  let start = 0;
  const padded = xs.map((x, i) => {
    const before = start;
    start += sizes[i]!;
    return { before, part: np.pad(x, { [axis]: [before, size - start] }) };
  });
  const [first, ...others] = padded;
  const result = others.reduce((all, { before, part }) => np.where(places.ref.less(before), all, part), first!.part);
  places.dispose();
  return result;
}
