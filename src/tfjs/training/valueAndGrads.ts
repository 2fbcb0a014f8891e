import { clone, dispose, getGradient, keep, Tensor, tidy, variableGrads, type Scalar, type Variable } from '@tensorflow/tfjs-core';
import { isDataTensor } from '../../backend/arrays/tensor.js';
import { valueAndGrads as inMemory, type GradsOf } from '../../backend/arrays/valueAndGrads.js';
import { describe } from '../../backend/describe.js';
import { isPlainObject } from '../../internal/checks.js';
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

/**
 * Computes a loss, its gradients with respect to variables, and auxiliary outputs, like `jax.value_and_grad` with `has_aux=True`.
 *
 * Only the given variables are differentiated. (`tf.variableGrads` and `optimizer.minimize` differentiate all trainable variables if
 * no list is given, also those of a reference model that runs inside `f`.) All intermediate tensors are disposed, also if `f` throws.
 *
 * @param f - Returns a record with the scalar `loss`, and in other fields auxiliary tensors such as metrics or log-probs, which may be
 *   nested in records and lists. A field `grads` is not allowed.
 * @param variables - The variables to differentiate with respect to, see {@link Variables}: a list, a record, or a `tf.LayersModel`, of
 *   which those that it trains count.
 * @returns `loss`, the auxiliary outputs with every tensor cloned, and `grads` by variable name, for `optimizer.applyGradients`. Variables
 *   that the loss does not depend on, or that are not trainable, have no entry in `grads`. The caller disposes all of these tensors.
 * @throws TypeError if no gradients are registered (`@tensorflow/tfjs-core` alone registers none), `variables` contains anything but
 *   live variables (the message names its path), `loss` is not a scalar, or the result of `f` contains a disposed tensor or an object that
 *   is not a tensor, record or list, or is a promise.
 * @throws RangeError if none of the variables is trainable, `f` returns a field `grads`, or the loss depends on none of the variables.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { valueAndGrads } from 'prefloss';
 *
 * const weight = tf.variable(tf.scalar(3), true, 'weight');
 * const { loss, grads, twice } = valueAndGrads(() => ({ loss: tf.square(weight).asScalar(), twice: weight.mul(2) }), [weight]);
 * console.log(loss.dataSync()[0], grads.weight!.dataSync()[0], twice.dataSync()[0]); // 9 6 6
 * ```
 */
export function valueAndGrads<A extends LossAndAux>(f: () => A, variables: Variables): A & { readonly grads: Gradients };
/**
 * The same for plain values and tensors `{ data, dims }`, which `f` is called with, in float64 and without TensorFlow.js; see
 * `valueAndGrads` of `prefloss/core`.
 *
 * @param f - Called with the inputs; returns a record with the scalar `loss` and auxiliary outputs.
 * @param inputs - What to differentiate with respect to, in records: numbers, nested lists, typed arrays or tensors of floats.
 * @returns `loss`, the auxiliary outputs, and `grads` in the form of the inputs.
 */
export function valueAndGrads<I, A extends { readonly loss: unknown }>(f: (inputs: I) => A, inputs: I): A & { readonly grads: GradsOf<I> };
export function valueAndGrads(f: (inputs?: unknown) => LossAndAux, variables: unknown): unknown {
  return isInMemory(variables) ? inMemory(f, variables) : onTfjs(f, variables as Variables);
}

/** Whether the first value in records or lists is a number, a typed array or a tensor in memory. */
function isInMemory(values: unknown): boolean {
  let first = values;
  for (let depth = 0; depth < MAX_DEPTH && isContainer(first); depth++) first = Object.values(first)[0];
  return typeof first === 'number' || ArrayBuffer.isView(first) || isDataTensor(first);
}

/** Containers may be circular. */
const MAX_DEPTH = 64;

const isContainer = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !isDataTensor(value) && (Array.isArray(value) || isPlainObject(value));

function onTfjs<A extends LossAndAux>(f: () => A, variables: Variables): A & { readonly grads: Gradients } {
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
