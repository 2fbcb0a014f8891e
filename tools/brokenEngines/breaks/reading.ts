import { Tensor } from '../../../examples/own-engine/engine.js';
import { elementwise } from '../../../src/backend/arrays/elementwise.js';
import type { Change } from '../soundEngine.js';
import { allowed, each, method, type Break } from './break.js';

/** A break within a transform only. */
function inTransform(name: string, change: (isRunning: () => boolean) => Change): Break {
  let isRunning = false;
  const jit =
    <F extends (...xs: Tensor[]) => Tensor>(f: F) =>
    (...xs: Tensor[]) => {
      isRunning = true;
      try {
        return f(...xs);
      } finally {
        isRunning = false;
      }
    };
  return { name: `within a transform, ${name}`, ...change(() => isRunning), subject: () => ({ transforms: { jit } }) };
}

/** A break on one of two devices. */
function onSecondDevice(name: string, change: (isRunning: () => boolean) => Change): Break {
  let isRunning = false;
  const devices = { first: () => void (isRunning = false), second: () => void (isRunning = true) };
  return { name: `on one of two devices, ${name}`, ...change(() => isRunning), subject: () => ({ devices }) };
}

export const reading: readonly Break[] = [
  method('peek gives zeros', () => ({ peek: (x) => x.data.map(() => 0) })),
  method('peek gives the values of the tensor it was asked for first', (engine) => {
    let first: ArrayLike<number> | undefined;
    return { peek: (x) => (first ??= engine.peek(x)) };
  }),
  method('peek gives the values of the last tensor of the same shape', (engine) => {
    const known = new Map<string, ArrayLike<number>>();
    return {
      peek: (x) => {
        const stale = known.get(String(x.shape));
        known.set(String(x.shape), engine.peek(x)!);
        return stale ?? engine.peek(x);
      },
    };
  }),
  method('peek gives the first 4 values only', (engine) => ({ peek: (x) => Array.from(engine.peek(x)!).slice(0, 4) })),
  method('peek reads column by column', (engine) => ({
    peek: (x) =>
      x.shape.length === 2 ? x.data.map((_, i) => x.data[(i % x.shape[0]!) * x.shape[1]! + Math.floor(i / x.shape[0]!)]!) : engine.peek(x),
  })),
  method('isReadable holds, but peek gives nothing', () => ({ isReadable: () => true, peek: () => undefined })),
  method('isReadable fails, but peek gives the values', () => ({ isReadable: () => false })),
  method('isReadable fails for integers, but peek gives them', () => ({ isReadable: (x) => x.dtype !== 'int' })),
  method('read gives the tensors in reverse order', (engine) => ({ read: async (xs) => (await engine.read(xs)).reverse() })),
  method('read joins all tensors', (engine) => ({
    read: async (xs) => {
      const all = await engine.read(xs);
      return all.length > 1 ? [all.flatMap((x) => Array.from(x))] : all;
    },
  })),
  method('read gives the first tensor for all', (engine) => ({
    read: async (xs) => Promise.all(xs.map(async () => (await engine.read(xs.slice(0, 1)))[0]!)),
  })),
  method('read gives as many values of each tensor as the first has', (engine) => ({
    read: async (xs) => (await engine.read(xs)).map((x) => Array.from(x).slice(0, xs[0]!.data.length)),
  })),
  method('read sorts by size', (engine) => ({ read: async (xs) => (await engine.read(xs)).sort((a, b) => a.length - b.length) })),
  method('read of integers gives the bits of floats', (engine) => ({
    read: async (xs) => (await engine.read(xs)).map((x, i) => (xs[i]!.dtype === 'int' ? new Int32Array(Float32Array.from(x).buffer) : x)),
  })),
  method('read frees what it reads', (engine) => ({
    read: (xs) => {
      const result = engine.read(xs);
      xs.forEach((x) => {
        engine.dispose!(x);
      });
      return result;
    },
  })),
  method('owns no scalars', () => ({ owns: (x) => x instanceof Tensor && x.shape.length > 0 })),
  method('owns plain lists', () => ({ owns: (x) => x instanceof Tensor || Array.isArray(x) })),
  method('owns every object', () => ({ owns: (x) => typeof x === 'object' && x !== null })),
  method('owns nothing', () => ({ owns: () => false })),
  method('shape of a scalar is [1]', () => ({ shape: (x) => (x.shape.length === 0 ? [1] : x.shape) })),
  method('shape is in reverse order', () => ({ shape: (x) => [...x.shape].reverse() })),
  method('dtype is always float', () => ({ dtype: () => 'float' })),
  method('dtype of conditions is int', () => ({ dtype: (x) => (x.dtype === 'bool' ? 'int' : x.dtype) })),
  method('says that tensors carry no kind', () => ({ isUntyped: true })),
  inTransform('the stand-ins are not owned', (isRunning) => ({ backend: (engine) => ({ owns: (x) => !isRunning() && engine.owns(x) }) })),
  inTransform('concat adds 1', (isRunning) => ({
    operations: (engine) => ({ concat: (xs, axis) => each(engine.concat(xs, axis), (v) => v + Number(isRunning())) }),
  })),
  inTransform('peek gives zeros', (isRunning) => ({
    backend: (engine) => ({ peek: (x) => (isRunning() ? x.data.map(() => 0) : engine.peek(x)) }),
  })),
  onSecondDevice('maximum loses NaN', (isRunning) => ({
    operations: (engine) => ({ maximum: (a, b) => each(engine.maximum(a, b), (v) => (isRunning() && Number.isNaN(v) ? 0 : v)) }),
  })),
  onSecondDevice('the gradient of mul misses', (isRunning) => ({
    rules: ({ mul, ...rules }) => ({
      ...rules,
      mul: (...args) => mul!(...args).map((g) => () => elementwise.mul(g()!, Number(!isRunning()))),
    }),
  })),
  allowed(
    'values on a device may be unreadable at once',
    method('nothing can be read at once', () => ({ peek: () => undefined, isReadable: () => false })),
  ),
  allowed(
    'isReadable may be left out: peek is asked',
    method('isReadable is left out', () => ({ isReadable: undefined as never })),
  ),
  allowed(
    'values are any list of numbers',
    method('read gives plain lists', (engine) => ({ read: async (xs) => (await engine.read(xs)).map((x) => Array.from(x)) })),
  ),
];
