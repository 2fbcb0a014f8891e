import * as jax from '@jax-js/jax';

const { lax, numpy: np } = jax;

type T = jax.Array;

const [INFINITY, MINUS_INFINITY] = [0x7f800000, -0x800000];

/** Whether NaN gets lost on the device of a tensor: shaders may assume that there is none. Tracers are on the default device. */
export function losesNaN(x: T): boolean {
  const device = x instanceof jax.Array ? x.device : jax.defaultDevice();
  return x.dtype === np.float32 && (device === 'webgpu' || device === 'webgl');
}

/** Where a float is NaN, by its bits: comparisons with NaN may hold on a GPU. Consumes x. */
function isNaNByBits(x: T): T {
  const bits = lax.stopGradient(x).view(np.int32);
  return np.where(bits.ref.less(0), bits.ref.greater(MINUS_INFINITY), bits.greater(INFINITY));
}

/** Where a float is NaN; consumes x. */
export const isNaN = (x: T): T => (losesNaN(x) ? isNaNByBits(x) : np.isnan(x));

/** NaN where x is, otherwise 0; consumes x. */
export const poisonOf = (x: T): T => np.where(isNaN(x), NaN, 0);

/** The same function, which gives NaN on every device where an argument is NaN; consumes its arguments. */
export const keepingNaN =
  <Args extends T[]>(f: (...xs: Args) => T) =>
  (...xs: Args): T => {
    if (!xs.some(losesNaN)) return f(...xs);
    const poison = xs.map((x) => poisonOf(x.ref)).reduce((a, b) => a.add(b));
    return f(...xs).add(poison);
  };
