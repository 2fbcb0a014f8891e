import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { linearTokenLogProbs, linearTokenStats, ops, tokenKl, tokenLogProbs, tokenStats } from '../../../src/index.js';
import { engine, expectError, expectValues, ints, tensor, type X } from '../../support/engine.js';

type Limit = 'maxStorageBufferBindingSize' | 'maxBufferSize';
interface Webgpu {
  readonly device: { limits: Readonly<Record<Limit, number>> };
  runWebGPUProgram(...args: unknown[]): unknown;
}

// Only a GPU's device has limits on the size of a tensor.
describe.runIf(engine === 'webgpu')('a tensor that is larger than the WebGPU device allows', () => {
  let device: Webgpu['device'];
  let limits: Webgpu['device']['limits'];
  let dispatches: ReturnType<typeof vi.spyOn>;

  // Assignment fails: the limits are a getter of the device.
  function setLimits(value: Webgpu['device']['limits']): void {
    Object.defineProperty(device, 'limits', { value, configurable: true });
  }

  /** Has the device say that it allows so little that a test exceeds it. */
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
    ['tokenKl', 'policy', (x) => tokenKl<X>(x, x)],
  ];

  it.each(functions)('is an error of %s before anything is dispatched', (name, argument, f) => {
    const [logits, labels] = [tf.zeros([2, 2, 1000]), ints([[0, 1], [2, 3]])]; // prettier-ignore
    dispatches.mockClear();
    for (const limit of ['maxStorageBufferBindingSize', 'maxBufferSize'] as const) {
      lower(limit, 15_999);
      expectError(
        () => f(logits, labels),
        RangeError,
        `${name}: ${argument} has shape [2, 2, 1000], which takes 16000 bytes, this WebGPU device allows 15999 (${limit}): use linearTokenLogProbs, which takes hidden states and the output embedding instead of logits`,
      );
    }
    expect(dispatches).not.toHaveBeenCalled();
  });

  it('is an error of the linear form, whose chunks can be smaller', () => {
    const labels = ints([0, 1]);
    const head = { hidden: tensor([[1], [1]]), weight: tensor([[1], [2], [3]]) };
    const call = (chunkSize?: number) => () => linearTokenLogProbs<X, X, X>(head, labels, { ...(chunkSize && { chunkSize }) });
    const tooLarge = (what: string, bytes: number, instead: string) =>
      `linearTokenLogProbs: ${what}, which takes ${bytes} bytes, this WebGPU device allows ${bytes - 1} (maxBufferSize): ${instead}`;
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

  it.each(functions)('is what %s still takes at the limit', async (_, __, f) => {
    const [logits, labels] = [tensor([[1, 1], [2, 2]]), ints([0, 1])]; // prettier-ignore
    const expected = f === functions[2]![2] ? [0, 0] : [-Math.LN2, -Math.LN2];
    lower('maxStorageBufferBindingSize', 40); // the result of the kernels is [5, 2]
    await expectValues(f(logits, labels), expected);
  });

  it('is an error of an elementary function too', () => {
    const x = tensor([1, 2, 3]);
    lower('maxBufferSize', 11);
    expectError(
      () => ops.softplus<X>(x),
      RangeError,
      'PreflossSoftplus: x has shape [3], which takes 12 bytes, this WebGPU device allows 11 (maxBufferSize): use a smaller batch',
    );
  });
});
