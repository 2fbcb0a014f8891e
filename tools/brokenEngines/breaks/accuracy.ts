import type { Tensor } from '../../../examples/own-engine/engine.js';
import { allowed, each, isTensor, lifted, operation, type Break, type Operand } from './break.js';

const f32 = Math.fround;

type Function = 'exp' | 'log' | 'expm1' | 'log1p' | 'softplus' | 'sigmoid' | 'sqrt';

/** A function of one value that is computed in another way. */
const computed = (name: Function, how: string, f: (x: number) => number): Break =>
  operation(`${name} ${how}`, (engine) => ({ [name]: (x: Tensor) => each(engine.exp(x), (_, i) => f(x.data[i]!)) }));

/** A sum in another way. */
const summed = (how: string, add: (total: number, x: number) => number): Break =>
  operation(`sum ${how}`, (engine) => ({
    sum: (x, axis) => {
      const last = x.shape.length - 1;
      const isRows = axis === undefined || axis === -1 || axis === last;
      if (x.dtype !== 'float' || !isRows) return engine.sum(x, axis);
      const n = axis === undefined ? x.data.length : x.shape[last]!;
      return each(engine.sum(x, axis), (_, i) => x.data.subarray(i * n, (i + 1) * n).reduce((total, v) => add(total, v), 0));
    },
  }));

/** Rounded to a number of bits. */
const toBits =
  (bits: number) =>
  (x: number): number => {
    if (!Number.isFinite(x) || x === 0) return x;
    const unit = 2 ** (Math.floor(Math.log2(Math.abs(x))) - bits);
    return Math.round(x / unit) * unit;
  };

/** A binary operation with few bits. */
const coarse = (name: 'add' | 'mul' | 'div', bits: number): Break =>
  operation(`${name} keeps ${bits} bits`, (engine) => ({ [name]: (a: Operand, b: Operand) => each(engine[name](a, b), toBits(bits)) }));

export const accuracy: readonly Break[] = [
  computed('log', 'is off by 1e-5 just below 1', (x) => Math.log(x) + (x < 1 && x > 0.9 ? 1.1e-5 : 0)),
  computed('log', 'is off by 1.1e-5 just below powers of 2', (x) => {
    const fraction = x / 2 ** Math.ceil(Math.log2(x));
    return Math.log(x) + (fraction < 1 && fraction > 1 - 2 ** -12 ? 1.1e-5 : 0);
  }),
  computed('log', 'is off by 2^-22 near 1', (x) => Math.log(x) + (Math.abs(x - 1) < 0.1 && x !== 1 ? 2 ** -22 : 0)),
  computed('log', 'of 0 is -88', (x) => (x === 0 ? -88 : Math.log(x))),
  computed('log', 'of a negative number is that of its size', (x) => Math.log(Math.abs(x))),
  computed('log', 'of a negative number is -Infinity', (x) => (x < 0 ? -Infinity : Math.log(x))),
  ...[1e-4, 3e-6].map((error) => computed('exp', `has a relative error of ${error}`, (x) => Math.exp(x) * (1 + error))),
  computed('exp', 'loses digits of large arguments', (x) => Math.exp(f32(x * 256) / 256 + Math.abs(x) * 1e-6)),
  computed('exp', 'is bounded at 80', (x) => Math.exp(Math.min(x, 80))),
  computed('exp', 'is 0 below -80', (x) => (x < -80 ? 0 : Math.exp(x))),
  computed('expm1', 'is e^x minus 1', (x) => f32(f32(Math.exp(x)) - 1)),
  computed('expm1', 'is x near 0, up to 0.01', (x) => (Math.abs(x) < 0.01 ? x : Math.expm1(x))),
  computed('log1p', 'is the log of a rounded 1 + x', (x) => Math.log(f32(1 + x))),
  computed('log1p', 'of -1 is -88', (x) => (x === -1 ? -88 : Math.log1p(x))),
  computed('log1p', 'is 0 for tiny x', (x) => (Math.abs(x) < 1e-20 ? 0 : Math.log1p(x))),
  computed('softplus', 'overflows', (x) => Math.log1p(f32(Math.exp(x)))),
  computed('softplus', 'rounds 1 + e^x', (x) => Math.max(x, 0) + Math.log(f32(1 + f32(Math.exp(-Math.abs(x)))))),
  computed('softplus', 'is 0 below -20', (x) => (x < -20 ? 0 : Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))))),
  computed('softplus', 'is x above 5', (x) => (x > 5 ? x : Math.log1p(Math.exp(x)))),
  computed('sigmoid', 'overflows', (x) => f32(Math.exp(x)) / f32(1 + f32(Math.exp(x)))),
  computed('sigmoid', 'cancels for negative x', (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : f32(1 - f32(1 / (1 + Math.exp(x)))))),
  computed('sigmoid', 'is a piecewise line', (x) => (Number.isNaN(x) ? x : Math.min(Math.max(x / 4 + 0.5, 0), 1))),
  computed('sigmoid', 'is 0 below -30', (x) => (x < -30 ? 0 : 1 / (1 + Math.exp(-x)))),
  computed('sqrt', 'keeps 12 bits', (x) => toBits(12)(Math.sqrt(x))),
  computed('sqrt', 'is that of the absolute value of x + 1e-8', (x) => Math.sqrt(Math.abs(x + 1e-8))),
  summed('runs in sequence in float32', (total, x) => f32(total + x)),
  summed('drops values below 1e-6', (total, x) => total + (Math.abs(x) < 1e-6 ? 0 : x)),
  summed('keeps 16 bits of each value', (total, x) => total + toBits(16)(x)),
  coarse('add', 16),
  coarse('mul', 16),
  coarse('div', 16),
  coarse('add', 21),
  coarse('mul', 21),
  coarse('div', 20),
  operation('div flushes quotients below 1e-30 to 0', (engine) => ({
    div: (a, b) => each(engine.div(a, b), (x) => (Math.abs(x) < 1e-30 ? 0 : x)),
  })),
  operation('div by 0 is 0', (engine) => ({
    div: (a, b) => {
      const y = engine.div(a, b);
      const divisor = engine.broadcastTo(lifted(b), y.shape);
      return each(y, (x, i) => (divisor.data[i] === 0 ? 0 : x));
    },
  })),
  operation('pow is that of the absolute value, rounded to whole exponents', (engine) => ({
    pow: (x, y) => engine.pow!(isTensor(x) ? engine.abs(x) : Math.abs(x), isTensor(y) ? each(y, Math.round) : Math.round(y)),
  })),
  operation('pow of a number and a tensor has its operands swapped', (engine) => ({
    pow: (x, y) => (isTensor(x) ? engine.pow!(x, y) : engine.pow!(y, x)),
  })),
  allowed(
    'functions are right to 1e-6 of the value',
    computed('exp', 'has a relative error of 5e-7', (x) => Math.exp(x) * (1 + 5e-7)),
  ),
  allowed(
    'functions are right to 1e-7 |log value|',
    computed('exp', 'of a rounded argument', (x) => Math.exp(x * (1 + 2 ** -24))),
  ),
  allowed(
    'powers are right to 1e-6 of the value',
    operation('pow is left out', () => ({ pow: undefined as never })),
  ),
  allowed(
    'sums are right to 1e-6 of the sum of magnitudes',
    operation('sum of several values is off by 3e-7', (engine) => ({
      sum: (x, axis) => {
        const y = engine.sum(x, axis);
        return x.dtype === 'float' && y.data.length < x.data.length ? each(y, (v) => v * (1 + 3e-7)) : y;
      },
    })),
  ),
];
