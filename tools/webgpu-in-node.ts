import { create, globals } from 'webgpu';

let gpu: ReturnType<typeof create> | undefined;

/**
 * Puts WebGPU where TensorFlow.js looks for it, from the npm package `webgpu`, which needs a Vulkan, Metal or D3D12 driver; once, however
 * often it is called: a second instance would take the place of the first, whose devices answer no more once it is collected.
 * Load `@tensorflow/tfjs-backend-webgpu` only afterwards.
 */
export function webgpuInNode(): ReturnType<typeof create> {
  if (gpu) return gpu;
  gpu = create([]);
  Object.assign(globalThis, globals);
  // Node.js 21 and later have a read-only `navigator`: define it, an assignment fails.
  Object.defineProperty(globalThis, 'navigator', { value: { gpu, userAgent: 'node' }, configurable: true, writable: true });
  return gpu;
}
