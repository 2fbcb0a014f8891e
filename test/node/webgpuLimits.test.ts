import { describe, expect, it } from 'vitest';
import { tokenLogProbsWebgpu } from '../../src/tfjs/kernels/tokenLogProbsWebgpu.js';

describe('a WebGPU kernel', () => {
  it('refuses a buffer that the device cannot bind, which tfjs would only log', () => {
    const [forward] = tokenLogProbsWebgpu;
    const info = (shape: number[]) => ({ shape, dtype: 'float32', dataId: {} });
    const run = (limit: number) =>
      forward!.kernelFunc({
        inputs: { logits: info([4, 1000]), labels: info([4]) },
        attrs: { ignoreIndex: -100 },
        backend: { device: { limits: { maxStorageBufferBindingSize: limit } }, runWebGPUProgram: () => 'ran' },
      } as never);
    expect(() => run(15_999)).toThrow(
      new RangeError(
        'PreflossTokenLogProbs: a tensor of shape [4, 1000] takes 16000 bytes, this WebGPU device binds at most 15999: use a smaller batch',
      ),
    );
    expect(run(16_000)).toBe('ran');
  });
});
