import { reshape, slice, type Tensor } from '@tensorflow/tfjs-core';
import { customGradient } from './customGradient.js';
import { hasKernel, runKernel } from './kernels/registry.js';
import { BACKWARD, FORWARD } from './kernels/tokenLogProbsNames.js';

/** The fused `tokenLogProbs` of `Backend`, where the active tfjs backend has the kernels. */
export function tokenLogProbs(logits: Tensor, labels: Tensor, ignoreIndex: number): Tensor | undefined {
  if (!hasKernel(FORWARD)) return undefined;
  return customGradient(
    [logits],
    ([x]) => {
      const output = runKernel<Tensor | [Tensor, Tensor]>(FORWARD, { logits: x!, labels }, { ignoreIndex });
      const [logps, saved] = Array.isArray(output) ? output : [slice(output, [0, 0], [1, labels.size]), output];
      return { value: reshape(logps, labels.shape), saved: [x!, labels, saved] };
    },
    (dy, [x, indices, saved]) => [runKernel(BACKWARD, { logits: x!, labels: indices!, saved: saved!, dy }, { ignoreIndex, partial: 0 })],
  );
}
