import '@tensorflow/tfjs'; // registers the gradients (tfjs-core alone registers none)
import '@tensorflow/tfjs-backend-cpu';
import { start } from './start.js';

await start('cpu');
