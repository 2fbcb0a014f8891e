import type { Results } from '../results.js';

/** What webgpu ran on, in words. */
export function driverOf({ backends }: Results): string {
  const adapter = backends.find(({ backend }) => backend === 'webgpu')?.adapter ?? 'an unknown adapter';
  return adapter.includes('SwiftShader') ? 'a driver in software, SwiftShader' : adapter;
}
