import { isDataTensor } from '../../backend/arrays/tensor.js';
import { valueAndGrads as inMemory, type GradsOf, type ScalarLoss } from '../../backend/arrays/valueAndGrads.js';
import { isPlainObject } from '../../backend/plainObject.js';
import { valueAndVariableGrads, type Gradients, type LossAndAux } from './valueAndVariableGrads.js';
import type { Variables } from './variables.js';

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
export function valueAndGrads<I, A extends ScalarLoss>(f: (inputs: I) => A, inputs: I): A & { readonly grads: GradsOf<I> };
export function valueAndGrads(f: (inputs?: unknown) => LossAndAux, variables: unknown): unknown {
  return isInMemory(variables) ? inMemory(f, variables) : valueAndVariableGrads(f, variables as Variables);
}

/** Whether the first value in records or lists is a number, a typed array or a tensor in memory. */
function isInMemory(values: unknown): boolean {
  let first = values;
  for (let depth = 0; depth < MAX_DEPTH && isContainer(first); depth++) first = Object.values(first)[0];
  return typeof first === 'number' || ArrayBuffer.isView(first) || isDataTensor(first);
}

/** Containers may be circular. */
const MAX_DEPTH = 64;

const isContainer = (value: unknown): value is object => Array.isArray(value) || (isPlainObject(value) && !isDataTensor(value));
