import { customGrad, engine, keep, reshape, type Tensor } from '@tensorflow/tfjs-core';
import type { Named } from './named.js';

/** The state of tfjs's engine that this module reads and writes. Nothing else in this library touches it. */
interface TapeState {
  /** How many gradient computations are running, one inside the other. */
  readonly gradientDepth: number;
  /** How many kernels are running. tfjs records nothing while it is above 0. */
  kernelDepth: number;
  /** The operations recorded so far. */
  activeTape: { readonly saved?: Tensor[] }[] | null;
}

const tapeState = (): TapeState => engine().state;

/** Whether tfjs records the operations that run now. */
function isTaped(): boolean {
  const state = tapeState();
  return state.gradientDepth > 0 && state.kernelDepth === 0;
}

/** Runs `f` off the tape, for which tfjs has no function: it records nothing while `kernelDepth > 0`. */
export function untaped<R>(f: () => R): R {
  const state = tapeState();
  state.kernelDepth++;
  try {
    return f();
  } finally {
    state.kernelDepth--;
  }
}

/** Discards the tape that tfjs leaves behind after an error inside `variableGrads`, with every tensor saved on it. */
export function discardTape(): void {
  const state = tapeState();
  if (state.gradientDepth > 0 || !state.activeTape) return;
  for (const node of state.activeTape)
    node.saved?.forEach((tensor) => {
      tensor.dispose();
    });
  state.activeTape = null;
}

/**
 * Like `tf.customGrad`, without its copies: tfjs clones each tensor that it saves for the backward pass, and on wasm a clone is
 * a copy. The logits are half of the memory of a training step, so they are saved as another view of the same data.
 *
 * @param inputs - Tensors to differentiate with respect to, by name.
 * @param forward - Returns the value, and the tensors that the backward pass needs; undefined will do where nothing is differentiated.
 * @param backward - Returns the gradient with respect to each input.
 */
export function customGradient<Inputs extends Named<Inputs, Tensor>, Saved extends Named<Saved, Tensor>>(
  inputs: Inputs,
  forward: (inputs: Inputs, willDifferentiate: boolean) => { readonly value: Tensor; readonly saved: Saved | undefined },
  backward: (dy: Tensor, saved: Saved) => Named<Inputs, Tensor>,
): Tensor {
  const taped = isTaped();
  const inputNames = Object.keys(inputs) as (keyof Inputs)[];
  let savedNames: (keyof Saved)[] = [];
  let views: Tensor[] = [];
  // tfjs passes its function that saves as the last argument.
  const operation = (...args: unknown[]) => {
    const { value, saved } = forward(record<Inputs>(inputNames, args as Tensor[]), taped);
    if (taped && saved) {
      savedNames = Object.keys(saved) as (keyof Saved)[];
      views = savedNames.map((name) => keep(reshape(saved[name], saved[name].shape)));
    }
    const gradFunc = (dy: Tensor, kept: Tensor[]): Tensor[] => {
      const gradients = backward(dy, record<Saved>(savedNames, kept));
      return inputNames.map((name) => gradients[name]);
    };
    return { value, gradFunc };
  };
  const y = customGrad(operation)(...inputNames.map((name) => inputs[name] as Tensor));
  // The tape disposes what it saves.
  if (taped)
    tapeState()
      .activeTape?.at(-1)
      ?.saved?.push(...views);
  return y;
}

/** The record of the first values under these names. */
const record = <R>(names: readonly (keyof R)[], values: readonly Tensor[]): R =>
  Object.fromEntries(names.map((name, i) => [name, values[i]])) as R;
