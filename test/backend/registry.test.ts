import { afterEach, describe, expect, it } from 'vitest';
import { backendOf, dpo, ops, registerBackend, type Backend } from '../../src/index.js';
import { arrays } from '../../src/backend/arrays/arrays.js';
import { Boxed, boxed } from '../support/boxed.js';
import { engine, isArrays, tensor } from '../support/engine.js';
import { expectClose } from '../../src/testing/index.js';

describe('backendOf', () => {
  it('finds the engine of the values, and accepts plain values with any engine', () => {
    expect(backendOf(tensor([1])).name).toBe(isArrays ? 'arrays' : 'tensorflow.js');
    expect(backendOf(1, tensor([1]), 2)).toBe(backendOf(tensor([1])));
    expect(backendOf(1).name).toBe('arrays');
    expect(backendOf([1]).name).toBe('arrays');
    expect(backendOf([1], tensor([1]), new Float32Array(1))).toBe(backendOf(tensor([1])));
  });

  it('names values that no engine owns', () => {
    const cases: [unknown, string][] = [
      ['x', 'no registered engine owns "x"'],
      [undefined, 'no registered engine owns undefined'],
      [null, 'no registered engine owns null'],
      [true, 'no registered engine owns a boolean'],
      [{}, 'no registered engine owns a value of type Object'],
      [Object.create(null), 'no registered engine owns a value of type Object'],
      [
        { dataId: {} },
        "no registered engine owns a value of type Object; for TensorFlow.js tensors import 'prefloss' instead of 'prefloss/core'",
      ],
    ];
    for (const [value, message] of cases) expect(() => backendOf(value)).toThrow(new TypeError(message));
  });

  it('rejects values of two engines', () => {
    const unregister = registerBackend(boxed);
    const name = isArrays ? 'arrays' : 'tensorflow.js';
    const mixed = () => backendOf(tensor([1]), [1], new Boxed(1));
    // Plain lists fit any engine.
    if (isArrays) expect(mixed()).toBe(boxed);
    else expect(mixed).toThrow(new TypeError(`values of two engines cannot be mixed: ${name} and boxed`));
    unregister();
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
