import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { linearTokenLogProbs, linearTokenStats, ops, tokenDivergence, tokenLogProbs, tokenStats } from '../../../src/index.js';
import { engine, expectError, expectValues, ints, tensor, type X } from '../../support/engine.js';

type Limit = 'maxStorageBufferBindingSize' | 'maxBufferSize';
interface Webgpu {
  readonly device: { limits: Readonly<Record<Limit, number>> };
  runWebGPUProgram(...args: unknown[]): unknown;
}

// Only a WebGPU device limits the size of a tensor.
describe.runIf(engine === 'webgpu')('the size limit of the WebGPU device', () => {
  let device: Webgpu['device'];
  let limits: Webgpu['device']['limits'];
  let dispatches: ReturnType<typeof vi.spyOn>;

  // `limits` is a getter, so it cannot be assigned.
  function setLimits(value: Webgpu['device']['limits']): void {
    Object.defineProperty(device, 'limits', { value, configurable: true });
  }

  /** Lowers a limit of the device, so that a small tensor exceeds it. */
  function lower(limit: Limit, bytes: number): void {
    setLimits(new Proxy(limits, { get: (_, name: Limit) => (name === limit ? bytes : limits[name]) }));
  }

  beforeEach(() => {
    const backend = tf.backend() as unknown as Webgpu;
    ({ device } = backend);
    ({ limits } = device);
    dispatches = vi.spyOn(backend, 'runWebGPUProgram');
  });
  afterEach(() => {
    setLimits(limits);
    dispatches.mockRestore();
  });

  const functions: [string, string, (logits: X, labels: X) => X][] = [
    ['tokenLogProbs', 'logits', (x, y) => tokenLogProbs<X, X>(x, y)],
    ['tokenStats', 'logits', (x, y) => tokenStats<X, X>(x, y).logps],
    ['tokenDivergence', 'policy', (x) => tokenDivergence<X>(x, x)],
  ];

  it.each(functions)('is checked by %s before anything is dispatched', (name, argument, f) => {
    const [logits, labels] = [tf.zeros([2, 2, 1000]), ints([[0, 1], [2, 3]])]; // prettier-ignore
    dispatches.mockClear();
    for (const limit of ['maxStorageBufferBindingSize', 'maxBufferSize'] as const) {
      lower(limit, 15_999);
      expectError(
        () => f(logits, labels),
        RangeError,
        `${name}: ${argument} has shape [2, 2, 1000] (16000 bytes), expected at most 15999 bytes, the ${limit} of this WebGPU device: use linearTokenLogProbs, which takes hidden states and the output embedding instead of logits`,
      );
    }
    expect(dispatches).not.toHaveBeenCalled();
  });

  it('is checked by linearTokenLogProbs and linearTokenStats, whose chunks can be made smaller', () => {
    const labels = ints([0, 1]);
    const head = { hidden: tensor([[1], [1]]), weight: tensor([[1], [2], [3]]) };
    const call = (chunkSize?: number) => () => linearTokenLogProbs<X, X, X>(head, labels, { ...(chunkSize && { chunkSize }) });
    const tooLarge = (what: string, bytes: number, instead: string) =>
      `linearTokenLogProbs: ${what} (${bytes} bytes), expected at most ${bytes - 1} bytes, the maxBufferSize of this WebGPU device: ${instead}`;
    lower('maxBufferSize', 7);
    expectError(call(), RangeError, tooLarge('hidden has shape [2, 1]', 8, 'use fewer rows'));
    lower('maxBufferSize', 11);
    expectError(call(), RangeError, tooLarge('weight has shape [3, 1]', 12, 'use a smaller vocabulary, or the wasm backend'));
    lower('maxBufferSize', 15);
    const stats = () => linearTokenStats<X, X, X>(head, labels, { chunkSize: 2 });
    expectError(call(2), RangeError, tooLarge('a chunk has shape [2, 2]', 16, 'use a smaller chunkSize'));
    expectError(stats, RangeError, tooLarge('a chunk has shape [2, 2]', 16, 'use a smaller chunkSize').replace('LogProbs', 'Stats'));
    lower('maxBufferSize', 23);
    expectError(call(), RangeError, tooLarge('a chunk has shape [2, 3]', 24, 'use fewer rows'));
  });

  it.each(functions)('lets %s run with a tensor of exactly that size', async (_, __, f) => {
    const [logits, labels] = [tensor([[1, 1], [2, 2]]), ints([0, 1])]; // prettier-ignore
    const isDivergence = f === functions[2]![2];
    lower('maxStorageBufferBindingSize', isDivergence ? 48 : 40); // the result of its kernel is [6, 2], that of the others [5, 2]
    await expectValues(f(logits, labels), isDivergence ? [0, 0] : [-Math.LN2, -Math.LN2]);
  });

  it('is checked by elementary functions', () => {
    const x = tensor([1, 2, 3]);
    lower('maxBufferSize', 11);
    expectError(
      () => ops.softplus<X>(x),
      RangeError,
      'softplus: x has shape [3] (12 bytes), expected at most 11 bytes, the maxBufferSize of this WebGPU device: use a smaller batch',
    );
  });
});
