import { customGrad, engine, keep, reshape, type Tensor } from '@tensorflow/tfjs-core';

/** What this needs of the state of tfjs's engine. */
interface TapeState {
  readonly gradientDepth: number;
  readonly kernelDepth: number;
  readonly activeTape: { readonly saved: Tensor[] }[];
}

/**
 * Like `tf.customGrad`, without the copies: what tfjs saves for the backward pass it clones, and on wasm a clone is a copy.
 * The logits are half of a training step's memory, so here they are saved as another view of the same data.
 *
 * @param inputs - The inputs.
 * @param forward - Gives the value, and what the backward pass needs: nothing, where there will be none.
 * @param backward - Gives the gradient with respect to each input.
 */
export function customGradient(
  inputs: readonly Tensor[],
  forward: (inputs: readonly Tensor[], isTaped: boolean) => { readonly value: Tensor; readonly saved: readonly Tensor[] },
  backward: (dy: Tensor, saved: readonly Tensor[]) => Tensor[],
): Tensor {
  const state = engine().state as unknown as TapeState;
  const isTaped = state.gradientDepth > 0 && state.kernelDepth === 0;
  let views: Tensor[] = [];
  const operation = (...args: unknown[]) => {
    // Last comes tfjs's function that saves.
    const { value, saved } = forward(args.slice(0, inputs.length) as Tensor[], isTaped);
    if (isTaped) views = saved.map((s) => keep(reshape(s, s.shape)));
    return { value, gradFunc: (dy: Tensor, kept: Tensor[]) => backward(dy, kept) };
  };
  const y = customGrad(operation)(...inputs);
  // The tape disposes what it has saved.
  if (isTaped) state.activeTape.at(-1)!.saved.push(...views);
  return y;
}
