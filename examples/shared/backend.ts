import { spawnSync } from 'node:child_process';
import * as tf from '@tensorflow/tfjs';
import { softwareGpu } from '../../tools/software-gpu.js';
import { hasTfjsNode, loadTfjsNode } from '../../tools/tfjs-node.js';
import { UsageError } from './usageError.js';

/** The TensorFlow.js backends that this example runs on. */
export const BACKENDS = ['wasm', 'cpu', 'webgpu', 'tfjs-node'] as const;
export type BackendName = (typeof BACKENDS)[number];

/** Set in the second process of {@link restartWithSoftwareGpu}, so that there is never a third. */
const RESTARTED = 'PREFLOSS_EXAMPLE_RESTARTED';

/** Loads a backend and makes it the active one. */
export async function startBackend(name: BackendName): Promise<void> {
  // Otherwise the cpu backend advertises tfjs-node, and every operation looks for NaN, which takes as long as the work.
  tf.enableProdMode();
  if (name === 'wasm') await import('@tensorflow/tfjs-backend-wasm');
  if (name === 'webgpu') await loadWebgpu();
  if (name === 'tfjs-node') await startNative();
  const started = await tf.setBackend(name === 'tfjs-node' ? 'tensorflow' : name).catch(() => false);
  if (!started)
    throw new UsageError(
      `--backend is "${name}", which does not start on this machine, expected one of ${BACKENDS.filter((b) => b !== name).join(', ')}`,
    );
  await tf.ready();
}

async function startNative(): Promise<void> {
  if (!hasTfjsNode()) throw new UsageError('--backend is "tfjs-node", whose native addon is not there: run npm run setup:tfjs-node');
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2'; // its notes on the processor are of no interest
  await loadTfjsNode();
}

async function loadWebgpu(): Promise<void> {
  const { webgpuInNode } = await import('../../tools/webgpu-in-node.js');
  if (!(await webgpuInNode().requestAdapter())) await restartWithSoftwareGpu();
  await import('@tensorflow/tfjs-backend-webgpu');
}

/** A Vulkan driver in software has to be in the environment before the process starts, so this one starts another. */
async function restartWithSoftwareGpu(): Promise<never> {
  const software = process.env[RESTARTED] ? undefined : await softwareGpu();
  if (!software) throw new UsageError('--backend is "webgpu", but there is no GPU adapter on this machine, expected one of wasm, cpu');
  console.log('No GPU found: starting again with SwiftShader, a Vulkan driver in software. It is correct, and slow.');
  const { status } = spawnSync(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    env: { ...process.env, ...software.env, [RESTARTED]: '1' },
    stdio: 'inherit',
  });
  process.exit(status ?? 1);
}
