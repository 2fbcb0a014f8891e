import { reshape, slice, type Tensor } from '@tensorflow/tfjs-core';
import { customGradient } from './customGradient.js';
import { hasKernel, runKernel } from './kernels/registry.js';
import { BACKWARD, FORWARD } from './kernels/tokenLogProbsNames.js';

/** The fused `tokenLogProbs` of `Backend`, where the active tfjs backend has the kernels. */
export function tokenLogProbs(logits: Tensor, labels: Tensor, ignoreIndex: number): Tensor | undefined {
  if (!hasKernel(FORWARD)) return undefined;
  return customGradient(
    logits,
    (x) => {
      const output = runKernel(FORWARD, { logits: x, labels }, { ignoreIndex });
      return { value: reshape(slice(output, [0, 0], [1, labels.size]), labels.shape), saved: [x, labels, output] };
    },
    (dy, [x, indices, saved]) => runKernel(BACKWARD, { logits: x!, labels: indices!, saved: saved!, dy }, { ignoreIndex }),
  );
}
