import { customGrad, engine, keep, reshape, type Tensor } from '@tensorflow/tfjs-core';

/** What this needs of the state of tfjs's engine. */
interface TapeState {
  readonly gradientDepth: number;
  readonly kernelDepth: number;
  readonly activeTape: { readonly saved: Tensor[] }[];
}

/**
 * Like `tf.customGrad`, for one input, without the copies: what tfjs saves for the backward pass it clones, and on wasm a
 * clone is a copy. The logits are half of a training step's memory, so here they are saved as another view of the same data.
 *
 * @param x - The input.
 * @param forward - Gives the value, and what the backward pass needs.
 * @param backward - Gives the gradient with respect to `x`.
 */
export function customGradient(
  x: Tensor,
  forward: (x: Tensor) => { readonly value: Tensor; readonly saved: readonly Tensor[] },
  backward: (dy: Tensor, saved: readonly Tensor[]) => Tensor,
): Tensor {
  const state = engine().state as unknown as TapeState;
  const isTaped = state.gradientDepth > 0 && state.kernelDepth === 0;
  let views: Tensor[] = [];
  const y = customGrad((input) => {
    const { value, saved } = forward(input as Tensor);
    if (isTaped) views = saved.map((s) => keep(reshape(s, s.shape)));
    return { value, gradFunc: (dy: Tensor, kept: Tensor[]) => backward(dy, kept) };
  })(x);
  // The tape disposes what it has saved.
  if (isTaped) state.activeTape.at(-1)!.saved.push(...views);
  return y;
}
