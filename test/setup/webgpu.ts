import { webgpuInNode } from '../../tools/webgpu-in-node.js';

webgpuInNode();
await import('@tensorflow/tfjs'); // registers the gradients (tfjs-core alone registers none)
await import('@tensorflow/tfjs-backend-webgpu');
const { start } = await import('./start.js');

await start('webgpu');
