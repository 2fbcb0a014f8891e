import { cast, elementwise as f } from './elementwise.js';
import * as layout from './layout.js';
import type { InMemory } from './onValues.js';
import * as reductions from './reductions.js';
import * as rules from './rules.js';
import { sizeOf, summedTo } from './shapes.js';
import { ArrayTensor, dtypeOf, float64Of, tensorFrom, type DataTensor } from './tensor.js';
import { asTensor, tensors } from './tensors.js';

/** Gives a function for the gradient with respect to each operand, if it has one, given the gradient with respect to the value. */
type Backward = (dy: ArrayTensor) => readonly (() => ArrayTensor | undefined)[];

let made = 0;

/** A value that depends on the inputs of a differentiated function, and remembers how it was computed. */
export class Traced extends ArrayTensor<Float64Array> {
  /** A value comes after its operands. */
  readonly order = made++;

  constructor(
    values: Float32Array | Float64Array,
    dims: readonly number[],
    readonly operands: readonly unknown[] = [],
    readonly backward: Backward = () => [],
  ) {
    // Logits in float32 stay so, for their kernels.
    super(values as Float64Array, dims);
  }

  /** As a number, a value would silently lose its gradient. */
  [Symbol.toPrimitive](): never {
    throw new TypeError('a value that is differentiated is no number, expected operations of ops on it, e.g. ops.mul(loss, 2)');
  }
}

let isDetached = false;

/** The value with its origin, if an operand is traced. Integers have no gradient. */
function recorded(value: ArrayTensor, operands: readonly unknown[], backward: Backward): ArrayTensor {
  if (isDetached || dtypeOf(value) !== 'float' || !operands.some((x) => x instanceof Traced)) return value;
  return new Traced(float64Of(value), value.dims, operands, backward);
}

/** An operation whose first arguments are its operands, with its rule. */
const traced =
  <Args extends readonly unknown[]>(
    operation: (...args: Args) => ArrayTensor,
    rule: (dy: ArrayTensor, y: ArrayTensor, ...args: Args) => readonly (() => ArrayTensor | undefined)[],
  ) =>
  (...args: Args): ArrayTensor => {
    const y = operation(...args);
    return recorded(y, args, (dy) => rule(dy, y, ...args));
  };

/** The engine of `{ data, dims }`, which records the operations on traced values; a function, so that a bundle of other functions drops it. */
export const recording = (): InMemory<DataTensor> => ({
  ...tensors,
  cast: (x, dtype) => (dtype === 'float' ? recorded(cast(x, dtype), [x], (dy) => [() => dy]) : cast(x, dtype)),

  add: traced(f.add, rules.add),
  sub: traced(f.sub, rules.sub),
  mul: traced(f.mul, rules.mul),
  div: traced(f.div, rules.div),
  pow: traced(f.pow, rules.pow),
  maximum: traced(f.maximum, rules.maximum),
  minimum: traced(f.minimum, rules.minimum),
  where: traced(f.where, rules.where),
  neg: traced(f.neg, rules.neg),
  abs: traced(f.abs, rules.abs),
  sqrt: traced(f.sqrt, rules.sqrt),
  exp: traced(f.exp, rules.exp),
  log: traced(f.log, rules.log),
  expm1: traced(f.expm1, rules.expm1),
  log1p: traced(f.log1p, rules.log1p),
  softplus: traced(f.softplus, rules.softplus),
  sigmoid: traced(f.sigmoid, rules.sigmoid),

  sum: traced(reductions.sum, rules.sum),
  max: traced(reductions.max, rules.max),
  cumsum: traced(reductions.cumsum, rules.cumsum),
  sort: traced(reductions.sort, rules.sort),

  take: traced(layout.take, rules.take),
  slice: traced(layout.slice, rules.slice),
  concat: (xs, axis) => recorded(layout.concat(xs, axis), xs, (dy) => rules.concat(dy, dy, xs, axis)),
  reshape: traced(layout.reshape, rules.reshape),
  broadcastTo: traced(layout.broadcastTo, rules.broadcastTo),

  detached(run) {
    const before = isDetached;
    isDetached = true;
    try {
      return run();
    } finally {
      isDetached = before;
    }
  },
  onValues(inputs, kernel) {
    const own = inputs.map(asTensor);
    const { values, backward } = kernel(own);
    if (!backward) return values;
    const [value] = values as [ArrayTensor];
    const gradients: Backward = (dy) => {
      const all = backward(float64Of(dy));
      return own.map(
        ({ dims }, i) =>
          () =>
            all[i] && tensorFrom(all[i], dims),
      );
    };
    return [recorded(value, own, gradients)];
  },
});

/** The gradients of a scalar with respect to traced inputs: zeros for an input that it does not depend on. */
export function gradientsOf(loss: ArrayTensor, inputs: readonly Traced[]): Float64Array[] {
  const gradients = new Map<Traced, ArrayTensor>();
  if (loss instanceof Traced) gradients.set(loss, tensorFrom(Float64Array.of(1), []));
  for (const value of valuesBefore(loss)) {
    const dy = gradients.get(value);
    if (!dy) continue;
    const backward = value.backward(dy);
    value.operands.forEach((x, i) => {
      if (!(x instanceof Traced)) return;
      const gradient = backward[i]!();
      if (!gradient) return;
      const { data, dims } = gradient;
      const own = tensorFrom(summedTo(data as Float64Array, dims, x.dims), x.dims);
      const sum = gradients.get(x);
      gradients.set(x, sum ? f.add(sum, own) : own);
    });
    if (value.operands.length > 0) gradients.delete(value);
  }
  return inputs.map((x) => (gradients.get(x)?.data as Float64Array | undefined)?.slice() ?? new Float64Array(sizeOf(x.dims)));
}

/** The traced values that a value was computed from, and itself, the last one first. */
function valuesBefore(last: unknown): Traced[] {
  const found = new Set<Traced>();
  const open = [last];
  while (open.length > 0) {
    const x = open.pop();
    if (!(x instanceof Traced) || found.has(x)) continue;
    found.add(x);
    open.push(...x.operands);
  }
  return [...found].sort((a, b) => b.order - a.order);
}
