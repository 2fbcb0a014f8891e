import * as jax from '@jax-js/jax';
import { axisFrom0 } from '../backend/arrays/shapes.js';
import { cast, float, kindOf, type T } from './kinds.js';

const { numpy: np } = jax;

/** Concatenates along one axis. */
export function concat(xs: readonly T[], axis: number): T {
  const kind = kindOf(xs[0]!);
  const alike = xs.map(xs.every((x) => kindOf(x) === kind) ? (x) => x.ref : float);
  const at = axisFrom0(axis, xs[0]!.shape);
  // Only numbers are padded.
  if (kind === 'bool')
    return cast(
      concatNumbers(
        alike.map((x) => x.astype(np.int32)),
        at,
      ),
      'bool',
    );
  return concatNumbers(alike, at);
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
