import type { GpuResults } from '../gpu/results.js';
import type { Results } from '../results.js';

/** The adapter that webgpu ran on. */
export function driverOf({ backends }: Results): string {
  const adapter = backends.find(({ backend }) => backend === 'webgpu')?.adapter ?? 'an unknown adapter';
  return adapter.includes('SwiftShader') ? 'SwiftShader, a software driver' : adapter;
}

/** Which GPUs have been measured. */
export const gpuSentence = (gpus: readonly GpuResults[]): string =>
  gpus.length === 0 ? 'No GPU has been measured yet.' : `Measured on a GPU: ${gpus.map(({ device }) => device).join(', ')}.`;
