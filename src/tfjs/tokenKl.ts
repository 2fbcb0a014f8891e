import { reshape, slice, type Tensor } from '@tensorflow/tfjs-core';
import { customGradient } from './customGradient.js';
import { hasKernel, runKernel } from './kernels/registry.js';
import { KL, KL_BACKWARD } from './kernels/tokenKlNames.js';

/** The fused `tokenKl` of `Backend`, where the active tfjs backend has the kernels. */
export function tokenKl(policy: Tensor, reference: Tensor): Tensor | undefined {
  if (!hasKernel(KL)) return undefined;
  const rows = policy.shape.slice(0, -1);
  return customGradient(
    [policy],
    ([x]) => {
      const output = runKernel(KL, { policy: x!, reference });
      return { value: reshape(slice(output, [0, 0], [1, output.shape[1]!]), rows), saved: [x!, reference, output] };
    },
    (dy, [x, other, saved]) => [runKernel(KL_BACKWARD, { policy: x!, reference: other!, saved: saved!, dy })],
  );
}
