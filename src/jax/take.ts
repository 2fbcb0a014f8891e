import { numpy as np } from '@jax-js/jax';
import { kindOf, type T } from './kinds.js';

/** Rows by index. A row of floats whose index is out of range is NaN, and so is its gradient; jax-js reads another row. */
export function take(x: T, indices: T): T {
  const rows = x.shape[0]!;
  const inside = indices.ref.greaterEqual(0).mul(indices.ref.less(rows));
  const at = np.where(inside.ref, indices.ref, 0);
  const taken = np.take(x.ref, at, 0);
  if (kindOf(x) !== 'float') {
    inside.dispose();
    return taken;
  }
  const one = np.where(inside, 1, NaN).reshape([indices.size, ...x.shape.slice(1).map(() => 1)]);
  return taken.mul(one.astype(x.dtype));
}
