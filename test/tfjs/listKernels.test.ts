import { describe, expect, it } from 'vitest';
import { listKernels } from '../../src/index.js';

describe('listKernels', () => {
  it('lists for each operation where its fused kernels run', () => {
    const all = { cpu: 'kernel', wasm: 'kernel', webgpu: 'kernel', tensorflow: 'kernel', webgl: 'definition' };
    expect(listKernels()).toEqual({ tokenLogProbs: all, tokenStats: all, tokenDivergence: all });
  });
});
