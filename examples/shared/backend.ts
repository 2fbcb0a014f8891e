import { spawnSync } from 'node:child_process';
import * as tf from '@tensorflow/tfjs';
import { softwareGpu } from '../../tools/software-gpu.js';
import { hasTfjsNode, loadTfjsNode } from '../../tools/tfjs-node.js';
import { UsageError } from './usageError.js';

/** TensorFlow.js backends that the examples run on. */
export const BACKENDS = ['wasm', 'cpu', 'webgpu', 'tfjs-node'] as const;
export type BackendName = (typeof BACKENDS)[number];

/** Set in the process that {@link restartWithSoftwareGpu} starts, so that it does not start another one. */
const RESTARTED = 'PREFLOSS_EXAMPLE_RESTARTED';

/** Loads a backend and makes it the active one. */
export async function startBackend(name: BackendName): Promise<void> {
  // Otherwise the cpu backend prints an advertisement for tfjs-node.
  tf.enableProdMode();
  if (name === 'wasm') await import('@tensorflow/tfjs-backend-wasm');
  if (name === 'webgpu') await loadWebgpu();
  if (name === 'tfjs-node') await startNative();
  const started = await tf.setBackend(name === 'tfjs-node' ? 'tensorflow' : name).catch(() => false);
  if (!started)
    throw new UsageError(
      `--backend is "${name}", but it does not start on this machine, expected one of ${BACKENDS.filter((b) => b !== name).join(', ')}`,
    );
  await tf.ready();
}

async function startNative(): Promise<void> {
  if (!hasTfjsNode()) throw new UsageError('--backend is "tfjs-node", but its native addon is not installed: run npm run setup:tfjs-node');
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2'; // hides its messages about the processor
  await loadTfjsNode();
}

async function loadWebgpu(): Promise<void> {
  const { webgpuInNode } = await import('../../tools/webgpu-in-node.js');
  if (!(await webgpuInNode().requestAdapter())) await restartWithSoftwareGpu();
  await import('@tensorflow/tfjs-backend-webgpu');
}

/** Runs the program again in a new process, because environment variables that select a software Vulkan driver must be set at its start. */
async function restartWithSoftwareGpu(): Promise<never> {
  const software = process.env[RESTARTED] ? undefined : await softwareGpu();
  if (!software) throw new UsageError('--backend is "webgpu", but there is no GPU adapter on this machine, expected one of wasm, cpu');
  console.log('No GPU found: restarting with SwiftShader, a software Vulkan driver. Its results are correct, but it is slow.');
  const { status } = spawnSync(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    env: { ...process.env, ...software.env, [RESTARTED]: '1' },
    stdio: 'inherit',
  });
  process.exit(status ?? 1);
}
