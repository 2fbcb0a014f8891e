import { describe } from '../describe.js';
import { isPlainObject } from '../plainObject.js';
import { ownerOf, registerBackend } from '../registry.js';
import type { TypedArray } from '../types.js';
import { isList, listOf, tensorOfList } from './lists.js';
import { isInMemory } from './onValues.js';
import { show } from './shapes.js';
import { gradientsOf, recording, Traced } from './tape.js';
import { ArrayTensor, checkTensorData, dtypeOf, floatsOf, isDataTensor, tensorFrom, type DataTensor } from './tensor.js';

/** The gradients with respect to inputs: in the same records, lists for lists, and float64 for typed arrays and tensors. */
export type GradsOf<I> = I extends number | readonly unknown[]
  ? I
  : I extends TypedArray
    ? Float64Array
    : I extends DataTensor
      ? ArrayTensor<Float64Array>
      : { readonly [Name in keyof I]: GradsOf<I[Name]> };

/** Result of the function that is differentiated: the loss, and any auxiliary outputs in other fields. */
export interface ScalarLoss {
  /** The scalar to differentiate: a number in the types of plain values. */
  readonly loss: unknown;
}

const FN = 'valueAndGrads';

let isRunning = false;

/**
 * Computes a loss on plain values or tensors `{ data, dims }`, its gradients with respect to the inputs, and auxiliary outputs, in
 * float64 and without another library, like `jax.value_and_grad` with `has_aux=True`.
 *
 * Reverse mode: every operation of `ops` on an input is recorded, and the gradient is exact to rounding. Inside `f`, the inputs are
 * tensors `{ data, dims }`, whatever they were: compute with them by functions of this library only.
 *
 * @param f - Called once with the inputs; returns a record with the scalar `loss`, and in other fields auxiliary outputs, which may be
 *   nested in records and lists. A field `grads` is not allowed.
 * @param inputs - What to differentiate with respect to, in records nested to any depth: numbers, nested lists, typed arrays or
 *   tensors of floats. What `f` takes from elsewhere, such as labels, is a constant.
 * @returns `loss`, the auxiliary outputs, and `grads` in the form of the inputs; zeros for an input that the loss does not depend on.
 *   If all inputs are plain values, so are all outputs.
 * @throws TypeError if an input is not of this kind, `loss` is not a scalar, or `f` returns a promise or no record, or runs inside
 *   another `valueAndGrads` on such values: there are no second derivatives.
 * @throws RangeError if there is no input, `f` returns a field `grads`, or the loss depends on none of the inputs.
 *
 * @example
 * ```ts
 * import { dpo, ops, valueAndGrads } from 'prefloss/core';
 * const reference = { chosen: [-11, -9], rejected: [-11, -9] };
 * const policy = { chosen: [-10, -9], rejected: [-12, -9] };
 * const { loss, grads } = valueAndGrads((inputs) => ({ loss: ops.mean(dpo({ policy: inputs, reference })) }), policy);
 * console.log(loss.toFixed(4), grads.chosen.map((g) => g.toFixed(4)).join()); // 0.6456 -0.0225,-0.0250
 * ```
 */
export function valueAndGrads<I, A extends ScalarLoss>(f: (inputs: I) => A, inputs: I): A & { readonly grads: GradsOf<I> } {
  if (isRunning) throw new TypeError(`${FN}: it runs inside another ${FN}, expected one at a time: there are no second derivatives`);
  const leaves: Traced[] = [];
  let arePlain = true;
  const own = mapInputs('inputs', inputs, (path, x) => {
    arePlain &&= !isDataTensor(x);
    const leaf = tracedInput(path, x);
    leaves.push(leaf);
    return leaf;
  });
  if (leaves.length === 0) throw new RangeError(`${FN}: inputs is empty, expected at least one to differentiate with respect to`);
  const { loss, ...aux } = outputsOf(() => f(own as I));
  checkLoss(loss);
  const result = (x: ArrayTensor): unknown => (arePlain ? listOf(x) : new ArrayTensor(x.data, x.dims, x.type));
  const gradients = gradientsOf(loss, leaves);
  let next = 0;
  const grads = mapInputs('inputs', inputs, (_, x) => likeInput(x, gradients[next]!, leaves[next++]!.dims));
  return { ...(mapTensors(aux, result) as object), loss: result(loss), grads } as never;
}

/** A record with every value that is not a record replaced. */
function mapInputs(path: string, value: unknown, f: (path: string, leaf: unknown) => unknown): unknown {
  if (!isRecord(value)) return f(path, value);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, mapInputs(`${path}.${name}`, inner, f)]));
}

/** Whether a value is a record of others, and not a tensor or an object with a class. */
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => isPlainObject(value) && !ownerOf(value);

function tracedInput(path: string, x: unknown): Traced {
  try {
    const owner = ownerOf(x);
    if (owner && !isInMemory(owner)) {
      throw new TypeError(`it is a tensor of the engine ${owner.name}, expected values in memory: use the gradients of that engine`);
    }
    if (isDataTensor(x)) {
      checkTensorData(x);
      if (dtypeOf(x) !== 'float') throw new TypeError(`it holds ${dtypeOf(x)}s, expected floats; f may take it from elsewhere`);
      return new Traced(floatsOf(x), x.dims);
    }
    if (typeof x !== 'number' && !isList(x)) throw new TypeError(`it is ${describe(x)}, expected a number, a list or a tensor`);
    const { data, dims } = tensorOfList(x);
    return new Traced(data, dims);
  } catch (error) {
    const message = `${FN}: ${path}: ${(error as Error).message}`;
    throw error instanceof RangeError ? new RangeError(message, { cause: error }) : new TypeError(message, { cause: error });
  }
}

/** A gradient in the form of its input. */
function likeInput(x: unknown, gradient: Float64Array, dims: readonly number[]): unknown {
  const tensor = tensorFrom(gradient, dims);
  if (isDataTensor(x)) return tensor;
  return ArrayBuffer.isView(x) ? gradient : listOf(tensor);
}

/** What `f` returns, while operations are recorded. */
function outputsOf(f: () => unknown): { readonly loss: unknown } {
  const unregister = registerBackend(recording());
  isRunning = true;
  let outputs: unknown;
  try {
    outputs = f();
  } finally {
    isRunning = false;
    unregister();
  }
  const isPromise = typeof outputs === 'object' && outputs !== null && 'then' in outputs;
  if (isPromise) (outputs as Promise<unknown>).then(undefined, () => undefined);
  if (isPromise || !isRecord(outputs)) {
    throw new TypeError(`${FN}: f returned ${isPromise ? 'a promise' : describe(outputs)}, expected { loss, ... }`);
  }
  if ('grads' in outputs) throw new RangeError(`${FN}: f returned a field grads, which is the name of the gradients`);
  return outputs as never;
}

function checkLoss(loss: unknown): asserts loss is ArrayTensor {
  if (typeof loss === 'number') throw new RangeError(`${FN}: loss depends on none of the inputs`);
  if (!(loss instanceof ArrayTensor)) throw new TypeError(`${FN}: loss is ${describe(loss)}, expected a scalar`);
  if (loss.dims.length > 0) {
    throw new TypeError(`${FN}: loss has shape ${show(loss.dims)}, expected a scalar: reduce it, e.g. with ops.mean`);
  }
  if (!(loss instanceof Traced)) throw new RangeError(`${FN}: loss depends on none of the inputs`);
}

/** Lists and records with every tensor of this engine replaced. */
function mapTensors(value: unknown, f: (x: ArrayTensor) => unknown): unknown {
  if (value instanceof ArrayTensor) return f(value as ArrayTensor);
  if (Array.isArray(value)) return value.map((inner) => mapTensors(inner, f));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, mapTensors(inner, f)]));
}

/** Value and gradients of a function of tensors, as `valueAndGrads` of `Backend`. */
export function valueAndInputGrads(
  f: (inputs: readonly DataTensor[]) => DataTensor,
  inputs: readonly DataTensor[],
): { readonly value: DataTensor; readonly grads: readonly DataTensor[] } {
  const record = Object.fromEntries(inputs.map((x, i) => [i, x]));
  const { loss, grads } = valueAndGrads((own) => ({ loss: f(inputs.map((_, i) => own[i]!)) }), record);
  return { value: loss, grads: inputs.map((_, i) => (grads as Readonly<Record<number, DataTensor>>)[i]!) };
}
