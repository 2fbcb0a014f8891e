import { Tensor } from '../../../examples/own-engine/engine.js';
import { elementwise as f } from '../../../src/backend/arrays/elementwise.js';
import { broadcastTo } from '../../../src/backend/arrays/layout.js';
import { cumsum } from '../../../src/backend/arrays/reductions.js';
import { sizeOf } from '../../../src/backend/arrays/shapes.js';
import { float64Of, tensorFrom, type ArrayTensor, type DataTensor } from '../../../src/backend/arrays/tensor.js';
import { tensorsIn } from '../memory.js';
import type { Argument, Rule } from '../rules.js';
import { allowed, gradient, method, type Break } from './break.js';

type Operand = DataTensor | number;

/** A rule for one operand, from the gradient, the value and the operands. */
type Part = (dy: ArrayTensor, y: ArrayTensor, a: ArrayTensor, b: ArrayTensor) => ArrayTensor;

/** The gradient of an operation by one operand, replaced. */
const part = (of: string, how: string, by: number, replaced: Part): Break =>
  gradient(
    `gradient of ${of} ${how}`,
    of,
    (sound) =>
      (dy, y, ...args) =>
        sound(dy, y, ...args).map((g, i) =>
          // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- the tape makes no other tensors
          i === by ? () => replaced(dy, y as ArrayTensor, args[0] as ArrayTensor, args[1] as ArrayTensor) : g,
        ),
  );

/** The sound gradient of an operation, changed. */
const changed = (of: string, how: string, change: (g: ArrayTensor, dy: ArrayTensor, args: readonly Argument[]) => ArrayTensor): Break =>
  gradient(
    `gradient of ${of} ${how}`,
    of,
    (sound) =>
      (dy, y, ...args) =>
        sound(dy, y, ...args).map((g) => () => change(g()!, dy, args)),
  );

const zeros = (x: DataTensor): ArrayTensor => tensorFrom(new Float64Array(sizeOf(x.dims)), x.dims);
const mapped = (x: DataTensor, g: (v: number, i: number) => number): ArrayTensor => tensorFrom(float64Of(x).map(g), x.dims);

/** Halves for both at a tie, computed as 0 / 0. */
const nanAtTies = (of: 'maximum' | 'minimum'): Break =>
  gradient(
    `gradient of ${of} is NaN at ties`,
    of,
    (sound) => (dy, y, a, b) => sound(dy, y, a, b).map((g) => () => f.where(f.equal(a as Operand, b as Operand), NaN, g()!)),
  );

const toBothAtTies =
  (share: number): Rule =>
  (dy, _, a, b) => {
    const [x, y] = [a, b] as [DataTensor, DataTensor];
    const atTie = (other: ArrayTensor) => () => f.where(f.equal(x, y), f.mul(dy, share), f.where(other, dy, 0));
    return [atTie(f.greater(x, y)), atTie(f.greater(y, x))];
  };

export const gradients: readonly Break[] = [
  part('add', 'misses the second operand', 1, (dy) => f.mul(dy, 0)),
  part('sub', 'has the sign of add', 1, (dy) => dy),
  part('mul', 'by the first operand is that by the second', 0, (dy, _, a) => f.mul(dy, a)),
  part('div', 'misses the second operand', 1, (dy) => f.mul(dy, 0)),
  part('div', 'by the second operand has the wrong sign', 1, (dy, y, _, b) => f.mul(dy, f.div(y, b))),
  part('pow', 'misses the exponent', 1, (dy) => f.mul(dy, 0)),
  part('pow', 'by the base is for a constant exponent of 2', 0, (dy, _, a) => f.mul(dy, f.mul(a, 2))),
  part('neg', 'keeps the sign', 0, (dy) => dy),
  part('abs', 'is 1', 0, (dy) => dy),
  part('abs', 'is NaN at 0', 0, (dy, y, x) => f.mul(dy, f.div(x, y))),
  part('exp', 'is e^x of the rounded x', 0, (dy, _, x) => f.mul(dy, f.exp(mapped(x, Math.round)))),
  part('sqrt', 'misses the factor 1/2', 0, (dy, y) => f.div(dy, y)),
  part('log', 'is that of log1p', 0, (dy, _, x) => f.div(dy, f.add(x, 1))),
  part('log', 'is bounded', 0, (dy, _, x) => f.minimum(f.div(dy, x), 1e3)),
  part('expm1', 'is the value', 0, (dy, y) => f.mul(dy, y)),
  part('log1p', 'is that of log', 0, (dy, _, x) => f.div(dy, x)),
  part('softplus', 'overflows', 0, (dy, _, x) => f.mul(dy, f.div(f.exp(x), f.add(f.exp(x), 1)))),
  part('softplus', 'is 0 below -10', 0, (dy, _, x) => f.mul(dy, f.where(f.greater(x, -10), f.sigmoid(x), 0))),
  part('sigmoid', 'cancels, as y (1 - y)', 0, (dy, y) =>
    f.mul(
      dy,
      f.mul(
        y,
        mapped(y, (v) => Math.fround(1 - Math.fround(v))),
      ),
    ),
  ),
  part('sigmoid', 'overflows', 0, (dy, _, x) => {
    const power = f.exp(f.neg(f.mul(x, 1)));
    return f.mul(dy, f.div(power, f.mul(f.add(power, 1), f.add(power, 1))));
  }),
  nanAtTies('maximum'),
  nanAtTies('minimum'),
  part('maximum', 'goes to the smaller', 0, (dy, _, a, b) => f.where(f.greater(b, a), dy, 0)),
  part('minimum', 'misses the second operand', 1, (dy) => f.mul(dy, 0)),
  part('where', 'goes to the first side everywhere', 1, (dy) => dy),
  part('where', 'misses the second side', 2, (dy) => f.mul(dy, 0)),
  gradient('gradient of where is multiplied by the condition', 'where', () => (dy, _, condition, a, b) => {
    const holds = f.where(condition as DataTensor, 1, 0);
    const by = (x: Operand, chosen: ArrayTensor) => () => f.mul(f.mul(dy, chosen), f.add(1, f.mul(x, 0)));
    return [() => dy, by(a as Operand, holds), by(b as Operand, f.sub(1, holds))];
  }),
  gradient('gradient of where goes to conditions that are 1 only', 'where', () => (dy, _, condition) => {
    const isOne = f.equal(condition as DataTensor, 1);
    return [() => dy, () => f.where(isOne, dy, 0), () => f.where(isOne, 0, dy)];
  }),

  changed('sum', 'is that of the mean', (g, dy) => f.mul(g, sizeOf(dy.dims) / sizeOf(g.dims))),
  changed('sum', 'goes to the first value only', (g) => mapped(g, (v, i) => (i === 0 ? v : 0))),
  gradient('gradient of sum over an axis repeats in sequence', 'sum', () => (dy, _, x) => [
    () => mapped(zeros(x as DataTensor), (_v, i) => float64Of(dy)[i % sizeOf(dy.dims)]!),
  ]),
  part('max', 'is NaN at ties', 0, (dy, y, x) => {
    const values = float64Of(x);
    const isTie = new Set(values).size < values.length;
    return sizeOf(dy.dims) === 1 ? mapped(x, (v) => (v === y.data[0] ? (isTie ? NaN : dy.data[0]!) : 0)) : mapped(x, () => NaN);
  }),
  changed('max', 'goes to all values', (g, dy) => (sizeOf(dy.dims) === 1 ? mapped(g, () => dy.data[0]!) : g)),
  changed('max', 'misses', (g) => f.mul(g, 0)),
  part('cumsum', 'runs forwards', 0, (dy) => cumsum(dy)),
  part('cumsum', 'is that of the identity', 0, (dy) => dy),
  part('sort', 'is not permuted back', 0, (dy) => dy),
  part('sort', 'is in reverse order', 0, (dy) => mapped(dy, (_, i) => float64Of(dy)[sizeOf(dy.dims) - 1 - i]!)),
  gradient('gradient of take of a repeated row is the last one', 'take', () => (dy, _, x, indices) => [
    () => {
      const [values, block] = [new Float64Array(sizeOf((x as DataTensor).dims)), sizeOf(dy.dims.slice(1))];
      float64Of(indices as DataTensor).forEach((to, from) => {
        values.set(
          float64Of(dy).subarray(from * block, (from + 1) * block),
          Math.min(Math.max(to, 0), (x as DataTensor).dims[0]! - 1) * block,
        );
      });
      return tensorFrom(values, (x as DataTensor).dims);
    },
  ]),
  changed('take', 'is 0 for an index out of range', (g) => mapped(g, (v) => (Number.isNaN(v) ? 0 : v))),
  changed('take', 'misses the first row', (g) => mapped(g, (v, i) => (i < sizeOf(g.dims.slice(1)) ? 0 : v))),
  changed('slice', 'starts at 0', (g, _dy, [, start]) => (start === 0 ? g : mapped(g, (_, i) => float64Of(g)[i + (start as number)] ?? 0))),
  changed('slice', 'reaches one value further', (g) => mapped(g, (v, i) => (v === 0 ? (float64Of(g)[i - 1] ?? 0) : v))),
  gradient(
    'gradient of concat goes to the first only',
    'concat',
    (sound) =>
      (dy, y, ...args) =>
        sound(dy, y, ...args).map((g, i) => () => (i === 0 ? g() : f.mul(g()!, 0))),
  ),
  gradient('gradient of concat is in reverse order', 'concat', (sound) => (dy, y, ...args) => {
    const all = sound(dy, y, ...args);
    const sizes = all.map((g) => String(g()!.dims));
    return new Set(sizes).size === 1 ? [...all].reverse() : all;
  }),
  changed('reshape', 'is in reverse order', (g) => mapped(g, (_, i) => float64Of(g)[sizeOf(g.dims) - 1 - i]!)),
  changed('broadcastTo', 'misses repeated values', (g, _dy, [x]) => {
    const { dims } = x as DataTensor;
    return sizeOf(dims) === sizeOf(g.dims) ? g : f.mul(g, sizeOf(dims) / sizeOf(g.dims));
  }),
  gradient(
    'gradient of mul by a broadcast operand is a mean',
    'mul',
    (sound) =>
      (dy, y, ...args) =>
        sound(dy, y, ...args).map((g, i) => () => {
          const x = args[i] as Operand;
          return typeof x !== 'number' && sizeOf(x.dims) < sizeOf(dy.dims) ? f.mul(g()!, sizeOf(x.dims) / sizeOf(dy.dims)) : g()!;
        }),
  ),
  gradient(
    'gradient of add by a broadcast operand is that of its first place',
    'add',
    (sound) =>
      (dy, y, ...args) =>
        sound(dy, y, ...args).map((g, i) => () => {
          const x = args[i] as Operand;
          if (typeof x === 'number' || sizeOf(x.dims) === sizeOf(dy.dims)) return g();
          const first = float64Of(dy).subarray(0, sizeOf(x.dims));
          const spread = broadcastTo(tensorFrom(first.slice(), x.dims), dy.dims);
          return f.mul(spread, sizeOf(x.dims) / sizeOf(dy.dims));
        }),
  ),
  {
    name: 'cast to float has no gradient',
    rules: (rules) => Object.fromEntries(Object.entries(rules).filter(([name]) => name !== 'cast')),
  },
  { name: 'stopGradient passes the gradient', rules: (rules) => ({ ...rules, stopGradient: (dy) => [() => dy] }) },
  method('detached records', () => ({ detached: (run) => run() })),
  {
    name: 'comparisons have a gradient of 1',
    operations: (engine) => ({ greater: (a, b) => new Tensor(engine.greater(a, b).data, engine.greater(a, b).shape, 'float') }),
    rules: (rules) => ({ ...rules, greater: (dy) => [() => dy, () => dy] }),
  },
  {
    name: 'comparisons of inputs throw while gradients are computed',
    backend: (engine) => {
      let isRunning = false;
      return {
        greater: (a, b) => {
          if (isRunning) throw new Error('greater has no gradient');
          return engine.greater(a, b);
        },
        valueAndGrads: (run, inputs) => {
          isRunning = true;
          try {
            return engine.valueAndGrads!(run, inputs);
          } finally {
            isRunning = false;
          }
        },
      };
    },
  },

  method('valueAndGrads gives no gradient of an input that is not used', (engine) => ({
    valueAndGrads: (run, inputs) => {
      const { value, grads } = engine.valueAndGrads!(run, inputs);
      return { value, grads: grads.map((g) => (g.data.every((v) => v === 0) ? (undefined as never) : g)) };
    },
  })),
  method('valueAndGrads gives NaN for an input that is not used', (engine) => ({
    valueAndGrads: (run, inputs) => {
      const { value, grads } = engine.valueAndGrads!(run, inputs);
      for (const g of grads) if (g.data.every((v) => v === 0)) g.data.fill(NaN);
      return { value, grads };
    },
  })),
  method('valueAndGrads throws for an input that is not used', (engine) => ({
    valueAndGrads: (run, inputs) => {
      const result = engine.valueAndGrads!(run, inputs);
      if (result.grads.some((g) => g.data.every((v) => v === 0))) throw new Error('an input is not used');
      return result;
    },
  })),
  method('valueAndGrads gives the gradients in reverse order', (engine) => ({
    valueAndGrads: (run, inputs) => {
      const { value, grads } = engine.valueAndGrads!(run, inputs);
      return { value, grads: [...grads].reverse() };
    },
  })),
  method('valueAndGrads gives flat gradients', (engine) => ({
    valueAndGrads: (run, inputs) => {
      const { value, grads } = engine.valueAndGrads!(run, inputs);
      return { value, grads: grads.map((g) => engine.reshape(g, [g.data.length])) };
    },
  })),
  method('valueAndGrads gives a value of 0', (engine) => ({
    valueAndGrads: (run, inputs) => {
      const { value, grads } = engine.valueAndGrads!(run, inputs);
      value.data.fill(0);
      return { value, grads };
    },
  })),
  method('valueAndGrads leaks what f makes', (engine, memory) => ({
    valueAndGrads: (run, inputs) => {
      const kept: Tensor[] = [];
      const result = engine.valueAndGrads!((own) => {
        const value = run(own);
        memory.release([value]);
        kept.push(value);
        return engine.mul(value, 1);
      }, inputs);
      return result;
    },
  })),
  method('valueAndGrads leaks if f throws', (engine, memory) => ({
    valueAndGrads: (run, inputs) => {
      try {
        return engine.valueAndGrads!(run, inputs);
      } catch (error) {
        memory.release([engine.constant([0])]);
        throw error;
      }
    },
  })),
  method('valueAndGrads frees its inputs', (engine) => ({
    valueAndGrads: (run, inputs) => {
      const result = engine.valueAndGrads!(run, inputs);
      inputs.forEach((x) => {
        engine.dispose!(x);
      });
      return result;
    },
  })),
  method('valueAndGrads frees its value', (engine) => ({
    valueAndGrads: (run, inputs) => {
      const result = engine.valueAndGrads!(run, inputs);
      engine.dispose!(result.value);
      return result;
    },
  })),
  method('the results of valueAndGrads belong to no scope', (engine, memory) => ({
    valueAndGrads: (run, inputs) => {
      const result = engine.valueAndGrads!(run, inputs);
      memory.release(tensorsIn(result));
      return result;
    },
  })),
  method('valueAndGrads records on after f threw', (engine) => {
    let isSpoilt = false;
    return {
      valueAndGrads: (run, inputs) => {
        if (isSpoilt) throw new Error('the tape is still open');
        isSpoilt = true;
        const result = engine.valueAndGrads!(run, inputs);
        isSpoilt = false;
        return result;
      },
    };
  }),
  method('valueAndGrads differentiates the sum of the first row only', (engine) => ({
    valueAndGrads: (run, inputs) => {
      const { value, grads } = engine.valueAndGrads!(run, inputs);
      for (const g of grads) if (g.shape.length > 1) g.data.fill(0, g.data.length / g.shape[0]!);
      return { value, grads };
    },
  })),
  method('valueAndGrads changes its inputs by the gradient', (engine) => ({
    valueAndGrads: (run, inputs) => {
      const result = engine.valueAndGrads!(run, inputs);
      inputs.forEach((x, i) => {
        x.data.forEach((v, k) => (x.data[k] = v - 1e-3 * result.grads[i]!.data[k]!));
      });
      return result;
    },
  })),

  gradient('gradient of maximum goes to both at ties', 'maximum', () => toBothAtTies(1)),
  gradient('gradient of maximum is 0 at ties', 'maximum', () => toBothAtTies(0)),
  part('abs', 'is 2 at 0', 0, (dy, _, x) => f.mul(dy, f.add(f.sub(f.greater(x, 0), f.greater(0, x)), f.mul(f.equal(x, 0), 2)))),
  allowed(
    'at ties, the operands share the gradient',
    gradient('gradient of maximum is halved at ties', 'maximum', () => toBothAtTies(0.5)),
  ),
  allowed(
    'abs has a slope from -1 to 1 at 0',
    part('abs', 'is 1 at 0', 0, (dy, _, x) => f.where(f.greaterEqual(x, 0), dy, f.neg(dy))),
  ),
  allowed(
    'detached may be left out',
    method('detached is left out', () => ({ detached: undefined as never })),
  ),
  allowed(
    'engines without gradients leave it out',
    method('there are no gradients', () => ({ valueAndGrads: undefined as never })),
  ),
];
