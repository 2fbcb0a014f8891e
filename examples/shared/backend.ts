import util from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { UsageError } from './usageError.js';

/** TensorFlow.js backends that the examples run on. */
export const BACKENDS = ['wasm', 'cpu', 'webgpu', 'tfjs-node'] as const;
export type BackendName = (typeof BACKENDS)[number];

/** Loads a backend and makes it the active one. */
export async function startBackend(name: BackendName): Promise<void> {
  // Otherwise the cpu backend prints an advertisement for tfjs-node.
  tf.enableProdMode();
  if (name === 'wasm') await import('@tensorflow/tfjs-backend-wasm');
  if (name === 'webgpu') await loadWebgpu();
  if (name === 'tfjs-node' && !(await loadNative())) {
    throw new UsageError('--backend is "tfjs-node", but its native addon is not installed: run npm run setup:tfjs-node');
  }
  const started = await tf.setBackend(name === 'tfjs-node' ? 'tensorflow' : name).catch(() => false);
  if (!started)
    throw new UsageError(
      `--backend is "${name}", but it does not start on this machine, expected one of ${BACKENDS.filter((b) => b !== name).join(', ')}`,
    );
  await tf.ready();
}

/** Loads TensorFlow's native addon. Returns whether it is installed. */
export async function loadNative(): Promise<boolean> {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2'; // hides its messages about the processor
  // Node.js 23 dropped this function, which tfjs-node calls in nearly every operation.
  Object.assign(util, { isNullOrUndefined: (value: unknown) => value === null || value === undefined });
  return import('@tensorflow/tfjs-node').then(
    () => true,
    () => false,
  );
}

/** WebGPU of the npm package `webgpu`, under the global names that TensorFlow.js uses. It needs a GPU with a driver. */
async function loadWebgpu(): Promise<void> {
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  Object.defineProperty(globalThis, 'navigator', { value: { gpu: create([]), userAgent: 'node' }, configurable: true });
  await import('@tensorflow/tfjs-backend-webgpu');
}
