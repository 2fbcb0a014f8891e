import '@tensorflow/tfjs'; // registers the gradients (tfjs-core alone registers none)
import '@tensorflow/tfjs-backend-wasm';
import { start } from './start.js';

await start('wasm');
