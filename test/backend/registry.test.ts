import { afterEach, describe, expect, it } from 'vitest';
import { backendOf, dpo, ops, registerBackend, type Backend } from '../../src/index.js';
import { describe as describeValue, reasonOf } from '../../src/backend/describe.js';
import { arrays } from '../../src/backend/arrays/arrays.js';
import { Boxed, boxed } from '../support/boxed.js';
import { engine, expectError, isArrays, tensor, engineName } from '../support/engine.js';
import { expectClose } from '../../src/testing/index.js';

const REGISTRY = Symbol.for('prefloss.registry');

describe('backendOf', () => {
  it('finds the engine of the values, and accepts plain values with any engine', () => {
    expect(backendOf(tensor([1])).name).toBe(engineName);
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
        "no registered engine owns a value of type Object; for TensorFlow.js tensors import 'prefloss', not 'prefloss/core'",
      ],
    ];
    for (const [value, message] of cases) expect(() => backendOf(value)).toThrow(new TypeError(message));
  });

  it('rejects values of two engines', () => {
    const unregister = registerBackend(boxed);
    const name = engineName;
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
    const shared = (globalThis as Record<symbol, unknown>)[REGISTRY] as { get: () => readonly Backend<unknown>[] };
    expect(
      shared.get().map((b) => b.name),
      engine,
    ).toContain('tensorflow.js');
  });

  it('keeps its engines from being overwritten', () => {
    const holder = globalThis as Record<symbol, unknown>;
    expect(() => (holder[REGISTRY] = [])).toThrow(TypeError);
    expect(Reflect.deleteProperty(holder, REGISTRY)).toBe(false);
    expect(() => ((holder[REGISTRY] as { get: unknown }).get = () => [])).toThrow(TypeError);
    const { get } = holder[REGISTRY] as { get: () => unknown[] };
    expect(() => get().push(undefined)).toThrow(TypeError);
    expect(Object.keys(globalThis)).not.toContain(String(REGISTRY));
    expect(backendOf(tensor([1])).name).toBe(engineName);
  });

  it('refuses what is no engine, and works on afterwards', () => {
    const without = { ...arrays, name: 'half', cumsum: undefined, sort: undefined };
    const cases: [unknown, string][] = [
      [undefined, 'registerBackend: backend is undefined, expected an engine'],
      [null, 'registerBackend: backend is null, expected an engine'],
      ['cpu', 'registerBackend: backend is "cpu", expected an engine'],
      [{}, 'registerBackend: backend.name is undefined, expected a name'],
      [{ ...boxed, name: '' }, 'registerBackend: backend.name is "", expected a name'],
      [without, 'registerBackend: the engine half lacks the methods cumsum, sort'],
    ];
    for (const [backend, message] of cases) expectError(() => registerBackend(backend as never), TypeError, message);
    expect(backendOf(tensor([1])).name).toBe(engineName);
  });
});

describe('describe', () => {
  it('describes any value, and throws for none', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const throws = () => {
      throw new Error('no');
    };
    const cases: [unknown, string][] = [
      [{ constructor: { name: { toString: 1 } } }, 'a value of type Object'],
      [{ constructor: { name: 'Evil' } }, 'a value of type Object'],
      [new Map(), 'a value of type Map'],
      [proxy, 'an unreadable object'],
      [Object.defineProperty({}, 'constructor', { get: throws }), 'an unreadable object'],
      ['x'.repeat(1000), `"${'x'.repeat(80)}…"`],
      [Symbol('s'), 'a symbol'],
      [1n, 'a bigint'],
    ];
    for (const [value, words] of cases) expect(describeValue(value)).toBe(words);
    expect(reasonOf(null)).toBe('null');
    expect(reasonOf(new Error('why'))).toBe('why');
  });
});
