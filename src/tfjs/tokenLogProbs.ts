import { customGrad, reshape, slice, type GradSaveFunc, type Tensor } from '@tensorflow/tfjs-core';
import { hasKernel, runKernel } from './kernels/registry.js';
import { BACKWARD, FORWARD } from './kernels/tokenLogProbsNames.js';

/** The fused `tokenLogProbs` of `Backend`, where the active tfjs backend has the kernels. */
export function tokenLogProbs(logits: Tensor, labels: Tensor, ignoreIndex: number): Tensor | undefined {
  if (!hasKernel(FORWARD)) return undefined;
  return customGrad((x, save) => {
    const inputs = { logits: x as Tensor, labels };
    const output = runKernel<Tensor | [Tensor, Tensor]>(FORWARD, inputs, { ignoreIndex });
    const [logps, saved] = Array.isArray(output) ? output : [slice(output, [0, 0], [1, labels.size]), output];
    (save as GradSaveFunc)([inputs.logits, labels, saved]);
    return {
      value: reshape(logps, [labels.size]),
      gradFunc: (dy: Tensor, [logits, labels, saved]: Tensor[]) =>
        runKernel(BACKWARD, { logits: logits!, labels: labels!, saved: saved!, dy }, { ignoreIndex }),
    };
  })(logits);
}
