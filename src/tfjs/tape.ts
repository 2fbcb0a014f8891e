import { clone, customGrad, engine, getBackend, keep, reshape, type Tensor } from '@tensorflow/tfjs-core';
import type { Named } from './named.js';

/** The part of the state of tfjs's engine that this module reads and writes. No other module of this library uses it. */
interface TapeState {
  /** Number of nested gradient computations in progress. */
  readonly gradientDepth: number;
  /** Number of nested kernel calls in progress. tfjs records nothing while it is above 0. */
  kernelDepth: number;
  /** The operations recorded so far. */
  activeTape: { readonly saved?: Tensor[] }[] | null;
}

const tapeState = (): TapeState => engine().state;

/** Whether tfjs is recording operations. */
function isTaped(): boolean {
  const state = tapeState();
  return state.gradientDepth > 0 && state.kernelDepth === 0;
}

/** Runs `f` off the tape. tfjs has no function for this, but it records nothing while `kernelDepth > 0`. */
export function untaped<R>(f: () => R): R {
  const state = tapeState();
  state.kernelDepth++;
  try {
    return f();
  } finally {
    state.kernelDepth--;
  }
}

/** Discards the tape that tfjs leaves behind after an error inside `variableGrads`, and disposes all tensors saved on it. */
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
 * Like `tf.customGrad`, without its copies: tfjs clones each tensor that it saves for the backward pass, and on wasm a clone
 * copies the data. Logits are among the largest tensors of a training step, so they are saved as a view of the same data instead.
 *
 * @param inputs - Tensors to differentiate with respect to, by name.
 * @param forward - Returns the value, and the tensors to save for the backward pass; `saved` may be undefined if `willDifferentiate`
 *   is false.
 * @param backward - Returns the gradient with respect to each input, by name.
 * @returns The value.
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
  // The last argument is tfjs's `save` function, which `record` drops.
  const operation = (...args: unknown[]) => {
    const { value, saved } = forward(record<Inputs>(inputNames, args as Tensor[]), taped);
    if (taped && saved) {
      savedNames = Object.keys(saved) as (keyof Saved)[];
      views = savedNames.map((name) => keep(viewOf(saved[name])));
    }
    const gradFunc = (dy: Tensor, kept: Tensor[]): Tensor[] => {
      const gradients = backward(dy, record<Saved>(savedNames, kept));
      return inputNames.map((name) => gradients[name]);
    };
    return { value, gradFunc };
  };
  const y = customGrad(operation)(...inputNames.map((name) => inputs[name] as Tensor));
  // tfjs disposes the tensors in `saved` together with the tape.
  if (taped)
    tapeState()
      .activeTape?.at(-1)
      ?.saved?.push(...views);
  return y;
}

/** Another tensor on the same memory. A clone copies the data on wasm, and reshaping is an operation like any other on tensorflow. */
const viewOf = (x: Tensor): Tensor => (getBackend() === 'tensorflow' ? clone(x) : reshape(x, x.shape));

/** A record of the values by name; values beyond the names are dropped. */
const record = <R>(names: readonly (keyof R)[], values: readonly Tensor[]): R =>
  Object.fromEntries(names.map((name, i) => [name, values[i]])) as R;
