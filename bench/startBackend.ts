import * as tf from '@tensorflow/tfjs'; // registers the gradients (tfjs-core alone registers none)
import type { BackendName } from './options.js';

/** A backend that this machine does not have: its message is the reason. */
export class BackendMissing extends Error {}

/** Loads a backend and makes it the active one. Returns the name of the GPU adapter, if it has one. */
export async function startBackend(name: BackendName): Promise<string | undefined> {
  // No advertisement of tfjs-node, and none of the checks that would slow the naive route down.
  tf.enableProdMode();
  const adapter = name === 'webgpu' ? await loadWebgpu() : undefined;
  if (name === 'wasm') await import('@tensorflow/tfjs-backend-wasm');
  if (!(await tf.setBackend(name))) throw new BackendMissing(`the ${name} backend did not start`);
  await tf.ready();
  return adapter;
}

/** WebGPU comes to Node.js with the npm package `webgpu`, which looks for a Vulkan, Metal or D3D12 driver. */
async function loadWebgpu(): Promise<string> {
  const { create, globals } = await import('webgpu');
  const gpu = create([]);
  const adapter = await gpu.requestAdapter();
  if (!adapter) throw new BackendMissing('no GPU adapter');
  // Node.js 21 and later have a read-only `navigator`: define it, an assignment fails.
  Object.assign(globalThis, globals);
  Object.defineProperty(globalThis, 'navigator', { value: { gpu, userAgent: 'node' }, configurable: true, writable: true });
  await import('@tensorflow/tfjs-backend-webgpu');
  const { vendor, architecture, device, description } = adapter.info;
  return [vendor, architecture, device, description].filter((word) => word !== '').join(', ');
}
