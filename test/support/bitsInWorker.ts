// Runs in a worker thread: posts the bits of a training on the backend that it is given.
import * as tf from '@tensorflow/tfjs';
import { parentPort, workerData } from 'node:worker_threads';
import * as prefloss from '../../src/index.js';
import { bitsOfTraining } from '../../tools/soak/tinyTraining.mjs';

const { backend, steps } = workerData as { readonly backend: string; readonly steps: number };
if (backend === 'wasm') await import('@tensorflow/tfjs-backend-wasm');
await tf.setBackend(backend);
parentPort!.postMessage(bitsOfTraining(tf, prefloss, steps));
