import { util } from '@tensorflow/tfjs-core';

/** The limits of a device on the size of a tensor, in bytes. */
const LIMITS = ['maxStorageBufferBindingSize', 'maxBufferSize'] as const;

/** The part of tfjs's WebGPU backend that is used here. */
interface WithDevice {
  readonly device: { readonly limits: Readonly<Record<(typeof LIMITS)[number], number>> };
}

/** Throws a RangeError if a tensor is too large for the device of tfjs's WebGPU backend; `instead` is the advice in its message. */
export function checkSize(backend: object, operation: string, name: string, shape: readonly number[], instead: string): void {
  const bytes = 4 * util.sizeFromShape([...shape]);
  for (const limit of LIMITS) {
    const most = (backend as WithDevice).device.limits[limit];
    if (bytes > most) {
      throw new RangeError(
        `${operation}: ${name} has shape [${shape.join(', ')}] (${bytes} bytes), expected at most ${most} bytes, the ${limit} of this WebGPU device: ${instead}`,
      );
    }
  }
}
