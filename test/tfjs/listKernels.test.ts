import { describe, expect, it } from 'vitest';
import { listKernels } from '../../src/index.js';

describe('listKernels', () => {
  it('says where the fused form runs', () => {
    const ours = { cpu: 'kernel', wasm: 'kernel', webgpu: 'kernel', tensorflow: 'definition', webgl: 'definition' };
    expect(listKernels()).toEqual({
      tokenLogProbs: { cpu: 'kernel', wasm: 'kernel', webgpu: 'kernel', tensorflow: 'kernel', webgl: 'definition' },
      tokenStats: ours,
      tokenKl: ours,
    });
  });
});
