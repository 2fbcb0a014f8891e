import { util } from '@tensorflow/tfjs-core';

/** A device's limits on the size of a tensor, in bytes. */
const LIMITS = ['maxStorageBufferBindingSize', 'maxBufferSize'] as const;

/** What this uses of tfjs's WebGPU backend. */
interface WithDevice {
  readonly device: { readonly limits: Readonly<Record<(typeof LIMITS)[number], number>> };
}

/** Throws where a tensor is too large for the device of tfjs's WebGPU backend; `instead` says what to do. */
export function checkSize(backend: object, operation: string, name: string, shape: readonly number[], instead: string): void {
  const bytes = 4 * util.sizeFromShape([...shape]);
  for (const limit of LIMITS) {
    const most = (backend as WithDevice).device.limits[limit];
    if (bytes > most) {
      throw new RangeError(
        `${operation}: ${name} has shape [${shape.join(', ')}], which takes ${bytes} bytes, this WebGPU device allows ${most} (${limit}): ${instead}`,
      );
    }
  }
}
