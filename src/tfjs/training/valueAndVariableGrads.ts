import { clone, dispose, getGradient, keep, Tensor, tidy, variableGrads, type Scalar, type Variable } from '@tensorflow/tfjs-core';
import { describe } from '../../backend/describe.js';
import { checkDeviceFor } from '../device.js';
import { registerUnsortedSegmentSum } from '../ops/unsortedSegmentSum.js';
import { discardTape } from '../tape.js';
import { mapTensors } from './mapTensors.js';
import { variablesOf, type Variables } from './variables.js';

/** Result of the function that {@link valueAndGrads} differentiates: the loss, and any auxiliary outputs in other fields. */
export interface LossAndAux {
  /** The scalar to differentiate. */
  readonly loss: Scalar;
}

/** Gradients by variable name. They are plain tensors; their type is `Variable` because tfjs's optimizers expect that type. */
export type Gradients = Record<string, Variable>;

/** `valueAndGrads` for variables; a file of its own, so that the adapter, which uses it, does not load the tape of values in memory. */
export function valueAndVariableGrads<A extends LossAndAux>(f: () => A, variables: Variables): A & { readonly grads: Gradients } {
  checkDeviceFor('valueAndGrads');
  const targets = trainableOf(variables);
  checkGradientsRegistered();
  registerUnsortedSegmentSum();
  // Copies of the auxiliary tensors, which outlive the scope of `variableGrads`.
  const retained: Tensor[] = [];
  let aux: Record<string, unknown> = {};
  const lossOf = () => {
    const outputs: unknown = f();
    checkOutputs(outputs);
    const { loss, ...others } = outputs as A;
    checkLoss(loss);
    if ('grads' in others) throw new RangeError('valueAndGrads: f returned a field grads, which is the name of the gradients');
    aux = mapTensors('valueAndGrads', others, (tensor) => {
      const copy = keep(clone(tensor));
      retained.push(copy);
      return copy;
    });
    return loss;
  };
  try {
    return tidy(() => {
      const { value: loss, grads } = variableGrads(lossOf, targets);
      return { ...mapTensors('valueAndGrads', aux, release), loss, grads } as never;
    });
  } catch (error) {
    discardTape();
    throw isUnconnected(error) ? new RangeError('valueAndGrads: loss depends on none of the variables', { cause: error }) : error;
  } finally {
    dispose(retained);
  }
}

/** Throws a TypeError if only `@tensorflow/tfjs-core` is loaded, which registers no gradients. */
function checkGradientsRegistered(): void {
  if (getGradient('Sum')) return;
  throw new TypeError(
    "valueAndGrads: no gradients are registered with TensorFlow.js, expected those of '@tensorflow/tfjs' or '@tensorflow/tfjs-layers': import one of them",
  );
}

/** Clones a kept tensor into the current scope, and disposes it. */
function release(tensor: Tensor): Tensor {
  const copy = clone(tensor);
  tensor.dispose();
  return copy;
}

function trainableOf(variables: Variables): Variable[] {
  const all = [...variablesOf('valueAndGrads', 'variables', variables, { trainableOnly: true }).values()];
  const trainable = all.filter((v) => v.trainable);
  if (trainable.length > 0) return trainable;
  throw new RangeError(`valueAndGrads: variables has no trainable variable among ${all.length}, expected at least one`);
}

/** Checks that `f` returned a record. */
function checkOutputs(outputs: unknown): asserts outputs is object {
  const got = (what: string) => new TypeError(`valueAndGrads: f returned ${what}, expected { loss, ... }`);
  if (outputs instanceof Tensor) throw got(`a tensor of shape [${(outputs as Tensor).shape.join(', ')}]`);
  if (typeof outputs !== 'object' || outputs === null) throw got(describe(outputs));
  if (isPromise(outputs)) {
    // Its tensors are gone by the time it settles, so it may reject, which nobody else handles.
    outputs.then(undefined, () => undefined);
    throw got('a promise');
  }
}

/** Also of another realm or library. */
const isPromise = (value: object): value is PromiseLike<unknown> => 'then' in value && typeof value.then === 'function';

function checkLoss(loss: unknown): void {
  if (loss instanceof Tensor && loss.isDisposed) throw new TypeError('valueAndGrads: loss is disposed');
  const shape = (loss as Partial<Tensor> | undefined)?.shape;
  if (!shape) throw new TypeError(`valueAndGrads: loss is ${describe(loss)}, expected a scalar tensor`);
  if (shape.length > 0)
    throw new TypeError(`valueAndGrads: loss has shape [${shape.join(', ')}], expected a scalar: reduce it, e.g. with ops.mean`);
}

const isUnconnected = (error: unknown): boolean => error instanceof Error && error.message.includes('Cannot find a connection');
