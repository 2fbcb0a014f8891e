import { clone, dispose, tidy, variable, zerosLike, type Scalar, type Tensor, type Variable } from '@tensorflow/tfjs-core';
import { valueAndVariableGrads } from './valueAndVariableGrads.js';

/** Computes a scalar function and its gradient with respect to each input: zeros for an input that the value does not depend on. */
export function valueAndInputGrads(
  f: (inputs: readonly Tensor[]) => Tensor,
  inputs: readonly Tensor[],
): { value: Tensor; grads: Tensor[] } {
  const variables: Variable[] = [];
  try {
    for (const x of inputs) variables.push(variable(x));
    return tidy(() => {
      // A variable is disposed below, so the value is another tensor.
      const own = (y: Tensor): Tensor => (variables.includes(y as Variable) ? clone(y) : y);
      const { loss, grads } = valueAndVariableGrads(() => ({ loss: own(f(variables)) as Scalar }), variables);
      return { value: loss, grads: variables.map((v) => grads[v.name] ?? zerosLike(v)) };
    });
  } finally {
    dispose(variables);
  }
}
