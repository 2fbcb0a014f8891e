import * as tf from '@tensorflow/tfjs';
import plain from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threaded from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import type { Backend } from './protocol.js';

/**
 * Makes a backend the active one; wasm if WebGPU is asked for and missing. With `isFresh`, WebGPU starts again on a new device. Returns the
 * name of the backend, and what the user should know about it.
 */
export async function startBackend(wanted: Backend, isFresh: boolean): Promise<{ readonly backend: string; readonly notice?: string }> {
  tf.enableProdMode();
  const missing = wanted === 'webgpu' ? await startWebgpu(isFresh) : undefined;
  if (wanted === 'webgpu' && missing === undefined) return { backend: 'webgpu' };
  await startWasm();
  return { backend: 'wasm', ...(missing !== undefined && { notice: `${missing} The model trains on wasm instead.` }) };
}

/** Starts WebGPU. Returns what is missing, if it cannot start. */
async function startWebgpu(isFresh: boolean): Promise<string | undefined> {
  const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<object | null> } };
  if (!gpu) return 'This browser has no WebGPU.';
  if (!(await gpu.requestAdapter())) return 'WebGPU finds no graphics card here.';
  await import('@tensorflow/tfjs-backend-webgpu');
  if (isFresh) {
    const factory = tf.findBackendFactory('webgpu');
    tf.removeBackend('webgpu');
    tf.registerBackend('webgpu', factory);
  }
  const started = await tf.setBackend('webgpu').catch(() => false);
  return started ? undefined : 'WebGPU does not start here.';
}

async function startWasm(): Promise<void> {
  const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
  const absolute = (url: string): string => new URL(url, import.meta.url).href;
  setWasmPaths({
    'tfjs-backend-wasm.wasm': absolute(plain),
    'tfjs-backend-wasm-simd.wasm': absolute(simd),
    'tfjs-backend-wasm-threaded-simd.wasm': absolute(threaded),
  });
  // The threads of TensorFlow.js 4.22 run the source of one function, which fails once a bundler has renamed what is around it.
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  if (!(await tf.setBackend('wasm'))) throw new Error('WebAssembly does not start: this browser, or the policy of its site, forbids it.');
}
