import { backendOf } from '../backend/registry.js';

/**
 * Reads tensors back, and throws if a value is not finite. On WebGPU and WebGL, where the values of a tensor cannot be checked at
 * the call, a label out of range or a beta that is not positive makes a result NaN: this function finds it.
 *
 * @param tensors - Tensors of one engine, by name.
 * @throws RangeError for the first value that is not finite. It names the tensor, the index in row-major order, and the value.
 *
 * @example
 * ```ts
 * import { dpo } from 'prefloss';
 * import { checkValues } from 'prefloss/testing';
 * const side = { chosen: [-1, NaN], rejected: [-2, -2] };
 * const loss = dpo({ policy: side, reference: { chosen: [-1, -1], rejected: [-2, -2] } });
 * await checkValues({ loss }).catch((error) => console.log(error.message)); // checkValues: loss[1] is NaN
 * ```
 */
export async function checkValues(tensors: Readonly<Record<string, unknown>>): Promise<void> {
  const names = Object.keys(tensors);
  if (names.length === 0) return;
  const read = await backendOf(...Object.values(tensors)).read(Object.values(tensors));
  names.forEach((name, n) => {
    const values = Array.from(read[n]!);
    const at = values.findIndex((v) => !Number.isFinite(v));
    if (at >= 0) throw new RangeError(`checkValues: ${name}[${at}] is ${values[at]!}`);
  });
}
