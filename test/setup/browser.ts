import '@tensorflow/tfjs'; // registers the gradients (tfjs-core alone registers none), and webgl
import '@tensorflow/tfjs-backend-webgpu';
import { inject } from 'vitest';
import { start } from './start.js';

await start(inject('engine'));
