import { vi } from 'vitest';

/** Whether a kernel belongs to an operation that has a definition in plain operations. */
const isFused = (kernelName: string): boolean => kernelName.startsWith('PreflossToken');

// A fused kernel without implementations is available on no backend, so the definitions run.
vi.mock(import('../../src/tfjs/kernels/kernel.js'), async (original) => {
  const harness = await original();
  return { ...harness, kernel: (kernelName, implementations) => harness.kernel(kernelName, isFused(kernelName) ? {} : implementations) };
});
