import { create, globals } from 'webgpu';

let gpu: ReturnType<typeof create> | undefined;

/**
 * Installs WebGPU from the npm package `webgpu`, which needs a Vulkan, Metal or D3D12 driver, as the global objects that TensorFlow.js
 * uses. Repeated calls return the same instance: a second one would replace the first, whose devices stop responding once it is garbage
 * collected. Load `@tensorflow/tfjs-backend-webgpu` only afterwards.
 */
export function webgpuInNode(): ReturnType<typeof create> {
  if (gpu) return gpu;
  gpu = create([]);
  Object.assign(globalThis, globals);
  // Node.js 21 and later have a read-only `navigator`, which cannot be assigned.
  Object.defineProperty(globalThis, 'navigator', { value: { gpu, userAgent: 'node' }, configurable: true, writable: true });
  return gpu;
}
