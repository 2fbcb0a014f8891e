import { afterEach, describe, expect, it } from 'vitest';
import { backendOf, dpo, ops, registerBackend, type Backend, type Nested } from '../../src/index.js';
import { arrays } from '../../src/backend/arrays/arrays.js';
import { engine, isArrays, tensor } from '../support/engine.js';
import { expectClose } from '../../src/testing/index.js';

/** The tensor of an engine that is unknown to the library, to test that losses run on it. */
class Boxed {
  constructor(readonly values: Nested) {}
}

const unbox = (x: Boxed | number): Nested => (x instanceof Boxed ? x.values : x);

const methods = arrays as unknown as Readonly<Record<string, ((...args: unknown[]) => Nested) | undefined>>;

/** An engine on boxed arrays, which wraps the arrays engine. */
const boxed = new Proxy({ name: 'boxed', owns: (value: unknown) => value instanceof Boxed } as unknown as Backend<Boxed>, {
  get: (own, key: keyof Backend<Nested>) => {
    if (key in own) return Reflect.get(own, key) as unknown;
    if (key === 'shape' || key === 'dtype' || key === 'peek') return (x: Boxed) => methods[key]!(unbox(x));
    if (key === 'scope') return <R>(f: () => R) => f();
    const method = methods[key];
    return method && ((...args: unknown[]) => new Boxed(method(...args.map((a) => (a instanceof Boxed ? a.values : a)))));
  },
});

describe('backendOf', () => {
  it('finds the engine of the values, and accepts numbers with any engine', () => {
    expect(backendOf(tensor([1])).name).toBe(isArrays ? 'arrays' : 'tensorflow.js');
    expect(backendOf(1, tensor([1]), 2)).toBe(backendOf(tensor([1])));
    expect(backendOf(1).name).toBe('arrays');
    expect(backendOf([1]).name).toBe('arrays');
  });

  it('names values that no engine owns', () => {
    const cases: [unknown, string][] = [
      ['x', 'no registered engine owns "x"'],
      [undefined, 'no registered engine owns undefined'],
      [null, 'no registered engine owns null'],
      [true, 'no registered engine owns a boolean'],
      [{}, 'no registered engine owns a value of type Object'],
      [Object.create(null), 'no registered engine owns a value of type Object'],
      [new Float32Array(2), 'no registered engine owns a value of type Float32Array; convert it with Array.from'],
      [
        { dataId: {} },
        "no registered engine owns a value of type Object; for TensorFlow.js tensors import 'prefloss' instead of 'prefloss/core'",
      ],
    ];
    for (const [value, message] of cases) expect(() => backendOf(value)).toThrow(new TypeError(message));
  });

  // On arrays there is no second engine to mix with.
  it.skipIf(isArrays)('rejects values of two engines', () => {
    expect(() => backendOf(tensor([1]), [1])).toThrow(new TypeError('values of two engines cannot be mixed: tensorflow.js and arrays'));
  });
});

describe('registerBackend', () => {
  let unregister: () => void = () => undefined;
  afterEach(() => {
    unregister();
  });

  it('lets losses and operations run on a new engine', () => {
    unregister = registerBackend(boxed);
    const b = (...values: number[]) => new Boxed(values);
    const logps = { policy: { chosen: b(-10), rejected: b(-12) }, reference: { chosen: b(-11), rejected: b(-11) } };
    expectClose(dpo(logps).values as number[], [Math.log1p(Math.exp(-0.2))], { relative: 1e-12 });
    expect(ops.shape(ops.add(b(1, 2), 1))).toEqual([2]);
  });

  it('returns a function that unregisters the engine', () => {
    const unregisterBoxed = registerBackend(boxed);
    expect(backendOf(new Boxed(1)).name).toBe('boxed');
    unregisterBoxed();
    unregisterBoxed();
    expect(() => backendOf(new Boxed(1))).toThrow('no registered engine owns a value of type Boxed');
  });

  it('replaces an engine with the same name', () => {
    const first = registerBackend(boxed);
    const other = { ...arrays, name: 'boxed', owns: (value: unknown) => value instanceof Boxed } as unknown as Backend<Boxed>;
    unregister = registerBackend(other);
    expect(backendOf(new Boxed(1))).toBe(other);
    first();
    expect(backendOf(new Boxed(1))).toBe(other);
  });

  it('shares the engines between copies of the library', () => {
    const list = (globalThis as Record<symbol, unknown>)[Symbol.for('prefloss.backends')] as Backend<unknown>[];
    expect(
      list.map((b) => b.name),
      engine,
    ).toContain('tensorflow.js');
  });
});
