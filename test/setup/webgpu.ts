import { create, globals } from 'webgpu';

// Node 21+ has a read-only `navigator` getter: define, do not assign.
Object.assign(globalThis, globals);
Object.defineProperty(globalThis, 'navigator', { value: { gpu: create([]), userAgent: 'node' }, configurable: true, writable: true });
await import('@tensorflow/tfjs'); // registers the gradients (tfjs-core alone registers none)
await import('@tensorflow/tfjs-backend-webgpu');
const { start } = await import('./start.js');

await start('webgpu');
