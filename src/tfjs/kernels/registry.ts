import { engine, getBackend, getKernel, registerKernel, type KernelConfig, type NamedTensorMap, type Tensor } from '@tensorflow/tfjs-core';
import { elementaryKernels } from './elementaryKernels.js';
import { readRowsKernel } from './readRows.js';
import { sumKernel } from './sumKernel.js';
import { KL, KL_BACKWARD } from './tokenKlNames.js';
import { tokenKlRows } from './tokenKlRows.js';
import { tokenKlWebgpu } from './tokenKlWebgpu.js';
import { BACKWARD, FORWARD } from './tokenLogProbsNames.js';
import { tokenLogProbsRows } from './tokenLogProbsRows.js';
import { tokenLogProbsTensorflow } from './tokenLogProbsTensorflow.js';
import { tokenLogProbsWebgpu } from './tokenLogProbsWebgpu.js';
import { STATS } from './tokenStatsNames.js';
import { tokenStatsRows } from './tokenStatsRows.js';
import { tokenStatsWebgpu } from './tokenStatsWebgpu.js';
import { writeRowsKernels } from './writeRows.js';

const configs = (): readonly KernelConfig[] => [
  ...tokenLogProbsRows,
  ...tokenLogProbsWebgpu,
  ...tokenStatsRows,
  ...tokenStatsWebgpu,
  ...tokenKlRows,
  ...tokenKlWebgpu,
  ...tokenLogProbsTensorflow,
  ...writeRowsKernels,
  readRowsKernel,
  ...elementaryKernels,
  sumKernel,
];

let byName: ReadonlyMap<string, KernelConfig> | undefined;

const keyOf = (kernelName: string, backendName: string): string => `${backendName}/${kernelName}`;

function find(kernelName: string, backendName = getBackend()): KernelConfig | undefined {
  byName ??= new Map(configs().map((config) => [keyOf(config.kernelName, config.backendName), config]));
  return byName.get(keyOf(kernelName, backendName));
}

/** Whether this library has a kernel of that name for the active tfjs backend. */
export const hasKernel = (kernelName: string): boolean => find(kernelName) !== undefined;

/** Runs one of this library's kernels through tfjs's kernel registry, where it is put on its first use. */
export function runKernel<Output = Tensor>(kernelName: string, inputs: NamedTensorMap, attrs: Record<string, unknown> = {}): Output {
  const config = find(kernelName);
  // The guard also holds when a second copy of this library has been here.
  if (config && !getKernel(kernelName, config.backendName)) registerKernel(config);
  return engine().runKernel(kernelName, inputs, attrs as never) as Output;
}

/** How an operation runs on a backend: as a kernel of ours, or as its definition in plain operations. */
export type KernelKind = 'kernel' | 'definition';

const BACKENDS = ['cpu', 'wasm', 'webgpu', 'tensorflow', 'webgl'] as const;

/** The operations that have kernels, and the kernels that each of them needs. */
const OPERATIONS: Readonly<Record<string, readonly string[]>> = {
  tokenLogProbs: [FORWARD, BACKWARD],
  tokenStats: [STATS],
  tokenKl: [KL, KL_BACKWARD],
};

/**
 * Which operations run as fused kernels on which tfjs backend. On any other backend the definition in plain operations
 * runs; results agree either way.
 *
 * @returns For each operation and backend, `'kernel'` or `'definition'`.
 *
 * @example
 * ```ts
 * import { listKernels } from 'prefloss';
 * console.log(listKernels().tokenLogProbs!.webgl); // definition
 * ```
 */
export function listKernels(): Readonly<Record<string, Readonly<Record<string, KernelKind>>>> {
  const kind = (names: readonly string[], backendName: string): KernelKind =>
    names.every((name) => find(name, backendName)) ? 'kernel' : 'definition';
  return Object.fromEntries(
    Object.entries(OPERATIONS).map(([operation, names]) => [operation, Object.fromEntries(BACKENDS.map((b) => [b, kind(names, b)]))]),
  );
}
