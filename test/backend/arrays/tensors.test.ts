import { describe, expect, it } from 'vitest';
import {
  dpo,
  MetricAverage,
  ops,
  pairMetrics,
  readMetrics,
  splitPairs,
  tensorOf,
  tokenDivergence,
  tokenLogProbs,
  tokenStats,
} from '../../../src/core.js';
import { expectClose } from '../../../src/testing/index.js';
import { expectError, isArrays, type X } from '../../support/engine.js';

const LOGITS = [0.5, -1.25, 2, 0, 0.75, -3];
const LABELS = [[2, 0]];
const EXPECTED = [2 - Math.log(Math.exp(0.5) + Math.exp(-1.25) + Math.exp(2)), -Math.log(1 + Math.exp(0.75) + Math.exp(-3))];

/** float16 bits of numbers that are exact in float16. */
const BITS: Readonly<Record<number, number>> = { 0.5: 0x3800, [-1.25]: 0xbd00, 2: 0x4000, 0: 0, 0.75: 0x3a00, [-3]: 0xc200 };
const bits = (values: readonly number[]): Uint16Array => Uint16Array.from(values, (x) => BITS[x]!);

// These tests concern this engine only, so they run once.
describe.runIf(isArrays)('tensors { data, dims }', () => {
  const dims = [1, 2, 3];
  const view = Float32Array.of(9, ...LOGITS, 9).subarray(1, 7);
  /** A class like that of transformers.js: its parts are getters. */
  class Foreign {
    readonly #own = { data: Float32Array.from(LOGITS), dims };
    get data(): Float32Array {
      return this.#own.data;
    }
    get dims(): number[] {
      return this.#own.dims;
    }
  }
  const kinds: [string, X, number][] = [
    ['float32', { data: Float32Array.from(LOGITS), dims }, 1e-6],
    ['float64', { data: Float64Array.from(LOGITS), dims }, 1e-15],
    ['float16 in bits', { data: bits(LOGITS), dims, type: 'float16' }, 1e-6],
    ['a view with an offset', { data: view, dims }, 1e-6],
    ['a class with getters', new Foreign(), 1e-6],
    ['a proxy', new Proxy(new Foreign(), { get: (own, key) => Reflect.get(own, key, own) as unknown }), 1e-6],
    ['tensorOf', tensorOf(Float32Array.from(LOGITS), dims), 1e-6],
  ];

  it.each(kinds)('hold logits as %s', (_, logits, relative) => {
    const logps = tokenLogProbs<X, X>(logits, LABELS);
    expect([logps.dims, logps.type]).toEqual([[1, 2], 'float64']);
    expectClose(Array.from(logps.data as Float64Array), EXPECTED, { relative });
    expectClose(Array.from(tokenStats<X, X>(logits, LABELS).logps.data as Float64Array), EXPECTED, { relative });
    expect(Math.abs(tokenDivergence<X>(logits, logits).data[0] as number)).toBeLessThan(1e-7);
  });

  it('reads all of float16', () => {
    const data = Uint16Array.of(0x7c00, 0xfc00, 0x0001, 0x8400, 0x3555, 0x7bff, 0x8000);
    const read = Array.from(ops.mul<X>({ data, dims: [7], type: 'float16' }, 1).data as Float64Array);
    expect(read).toEqual([Infinity, -Infinity, 2 ** -24, -(2 ** -14), 0.333251953125, 65504, -0]);
    expect(ops.mul<X>({ data: Uint16Array.of(0x7c01), dims: [], type: 'float16' }, 1).data[0]).toBeNaN();
  });

  it.each<[string, X]>([
    ['int64', { data: BigInt64Array.of(2n, 0n), dims: [1, 2], type: 'int64' }],
    ['int32', { data: Int32Array.of(2, 0), dims: [1, 2] }],
    ['uint8', { data: Uint8Array.of(2, 0), dims: [1, 2] }],
    ['a list', LABELS],
  ])('hold labels as %s', (_, labels) => {
    const logps = tokenLogProbs<X, X>({ data: Float64Array.from(LOGITS), dims }, labels);
    expectClose(Array.from(logps.data as Float64Array), EXPECTED, { relative: 1e-15 });
  });

  it('give results that are tensors of ONNX Runtime: float64, int32, bool', () => {
    const x = tensorOf(Float32Array.of(1, -2));
    expect(ops.exp(x)).toMatchObject({ type: 'float64', dims: [2], data: Float64Array.of(Math.E, Math.exp(-2)) });
    expect(ops.greater<X>(x, 0)).toMatchObject({ type: 'bool', data: Uint8Array.of(1, 0) });
    expect(ops.cast(x, 'int')).toMatchObject({ type: 'int32', data: Int32Array.of(1, -2) });
    expect(ops.mean(x)).toMatchObject({ dims: [], data: Float64Array.of(-0.5) });
    // A result never shares the memory of an argument, which its owner may fill anew.
    const own = tensorOf(Float64Array.of(1, -2));
    const copies = [ops.stopGradient(own), ops.cast(own, 'float'), ops.slice(own, 0, 2), ops.concat([own]), ops.maximum(own, -9)];
    const reshaped = [[2], [1, 2]].flatMap((shape) => [ops.reshape<X>(own, shape), ops.broadcastTo<X>(own, shape)]);
    for (const y of [...copies, ...reshaped]) {
      expect(Array.from((y as typeof own).data)).toEqual([1, -2]);
      expect((y as typeof own).data).not.toBe(own.data);
    }
  });

  it('carry losses, metrics and averages, with plain lists beside them', async () => {
    const policy = splitPairs(tensorOf(Float64Array.of(-10, -12)));
    const reference = { chosen: [-11], rejected: [-11] };
    expectClose(dpo({ policy, reference }).data as Float64Array, [Math.log1p(Math.exp(-0.2))], { relative: 1e-14 });
    const metrics = pairMetrics({ policy, reference });
    expect((await readMetrics(metrics))['rewards/accuracies']).toBe(1);
    const average = new MetricAverage();
    await average.add(metrics, 1);
    expect(average.result()['rewards/margins']).toBeCloseTo(0.2, 12);
    // Either may come first.
    const mixed = { policy: { chosen: [-10], rejected: policy.rejected as X }, reference };
    expectClose(dpo<X>(mixed).data as Float64Array, [Math.log1p(Math.exp(-0.2))], { relative: 1e-14 });
  });

  it('name what is wrong with them', () => {
    const fails = (logits: unknown, kind: typeof TypeError | typeof RangeError, message: string, labels: unknown = LABELS) => {
      expectError(() => tokenLogProbs<X, X>(logits, labels), kind, `tokenLogProbs: ${message}`);
    };
    const data = new Float32Array(6);
    fails({ data, dims: [1, 2, 4] }, RangeError, 'logits: data has 6 values, expected 8 for dims [1, 2, 4]');
    fails({ data, dims: [1, 2, 2.5] }, RangeError, 'logits: dims is [1, 2, 2.5], expected integers of at least 0');
    fails({ data, dims: [1, -2, -3] }, RangeError, 'logits: dims is [1, -2, -3], expected integers of at least 0');
    fails({ data: ['a', 'b'], dims: [1, 2], type: 'string' }, TypeError, 'logits: data is a list, expected a typed array of numbers');
    fails({ data: undefined, dims: [1, 2] }, TypeError, 'logits: data is undefined, expected a typed array of numbers');
    const onGpu = {
      dims,
      get data(): never {
        throw new Error('The data is not on CPU.');
      },
    };
    fails(onGpu, TypeError, 'logits: data cannot be read (The data is not on CPU.); await tensor.getData() first');
    fails({ data: new Int32Array(6), dims }, TypeError, 'logits has dtype int, expected float');
    const float = { data, dims };
    const int64 = (...values: bigint[]) => ({ data: BigInt64Array.from(values), dims: [1, 2] });
    fails(float, RangeError, 'value 1 of labels must be an integer in [0, 3) or -100, got 3', int64(0n, 3n));
    const got = 'value 1 of labels must be an integer in [0, 3) or -100, got 9223372036854776000';
    fails(float, RangeError, got, int64(0n, 2n ** 63n - 1n));
    fails(float, TypeError, 'labels has dtype float, expected int', { data: new Float32Array(2), dims: [1, 2] });
  });

  it('are made by tensorOf, which checks them', () => {
    expect(tensorOf(Float32Array.of(1, 2, 3)).dims).toEqual([3]);
    const shape = [2];
    const x = tensorOf(Float32Array.of(1, 2), shape);
    shape[0] = 9;
    expect(x.dims).toEqual([2]);
    expectError(() => tensorOf(new Float32Array(3), [2]), RangeError, 'tensorOf: data has 3 values, expected 2 for shape [2]');
    expectError(() => tensorOf(new Float32Array(3), [1.5, 2]), RangeError, 'tensorOf: shape is [1.5, 2], expected integers of at least 0');
    expectError(() => tensorOf([1, 2] as never), TypeError, 'tensorOf: data is a list, expected a typed array of numbers');
    expectError(() => tensorOf(undefined as never), TypeError, 'tensorOf: data is undefined, expected a typed array of numbers');
    expectError(() => tensorOf(new Float32Array(3), 3 as never), TypeError, 'tensorOf: shape is a number, expected a list of integers');
  });
});
