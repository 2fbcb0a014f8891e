import { numpy as np } from '@jax-js/jax';
import { kindOf, type T } from './kinds.js';

const SMALLEST_INT = -(2 ** 31);

/**
 * Rows by index. jax-js reads another row for an index out of range. Here, such a row of floats is NaN, and so is the gradient of
 * the nearest row; one of integers is the smallest integer, as on TensorFlow.js.
 */
export function take(x: T, indices: T): T {
  const rows = x.shape[0]!;
  const inside = indices.ref.greaterEqual(0).mul(indices.ref.less(rows));
  const taken = np.take(x.ref, np.minimum(np.maximum(indices.ref, 0), rows - 1), 0);
  const isTaken = inside.reshape([indices.size, ...x.shape.slice(1).map(() => 1)]);
  switch (kindOf(x)) {
    case 'float':
      return taken.mul(np.where(isTaken, 1, NaN).astype(x.dtype));
    case 'int':
      return np.where(isTaken, taken, SMALLEST_INT);
    case 'bool':
      isTaken.dispose();
      return taken;
  }
}
