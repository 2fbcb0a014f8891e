import * as tf from '@tensorflow/tfjs'; // registers the gradients (tfjs-core alone registers none)
import { hasTfjsNode, loadTfjsNode } from '../tools/tfjs-node.js';
import type { BackendName } from './options.js';

/** A backend is missing on this machine; the message gives the reason. */
export class BackendMissing extends Error {}

/** A GPU as its driver reports it. */
export interface Adapter {
  readonly device: string;
  /** The driver and its version. */
  readonly description: string;
}

/** Loads a backend and makes it the active one. Returns the GPU adapter, if it has one. */
export async function startBackend(name: BackendName): Promise<Adapter | undefined> {
  // Silences the hint about tfjs-node.
  tf.enableProdMode();
  const adapter = name === 'webgpu' ? await loadWebgpu() : undefined;
  if (name === 'wasm') await import('@tensorflow/tfjs-backend-wasm');
  if (name === 'tfjs-node') {
    if (!hasTfjsNode()) throw new BackendMissing('its native addon is missing (npm run setup:tfjs-node)');
    await loadTfjsNode();
  }
  if (!(await tf.setBackend(name === 'tfjs-node' ? 'tensorflow' : name))) throw new BackendMissing(`the ${name} backend did not start`);
  await tf.ready();
  return adapter;
}

async function loadWebgpu(): Promise<Adapter> {
  const { webgpuInNode } = await import('../tools/webgpu-in-node.js');
  const adapter = await webgpuInNode().requestAdapter();
  if (!adapter) throw new BackendMissing('no GPU adapter');
  await import('@tensorflow/tfjs-backend-webgpu');
  const { vendor, architecture, device, description } = adapter.info;
  // Not every driver names its device.
  return { device: device || [vendor, architecture].filter((word) => word !== '').join(' '), description };
}
