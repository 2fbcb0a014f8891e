import { BACKENDS } from './kernels/kernel.js';
import { tokenKlBackward, tokenKlForward } from './fused/tokenKl/tokenKl.js';
import { tokenLogProbsBackward, tokenLogProbsForward } from './fused/tokenLogProbs/tokenLogProbs.js';
import { tokenStatsForward } from './fused/tokenStats/tokenStats.js';

/** How an operation runs on a backend: as a kernel of ours, or as its definition in plain operations. */
export type KernelKind = 'kernel' | 'definition';

/** The operations that have kernels, and the kernels that each of them needs. */
const OPERATIONS = {
  tokenLogProbs: [tokenLogProbsForward, tokenLogProbsBackward],
  tokenStats: [tokenStatsForward],
  tokenKl: [tokenKlForward, tokenKlBackward],
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
  return Object.fromEntries(
    Object.entries(OPERATIONS).map(([operation, kernels]) => {
      const kindOn = (backendName: string): KernelKind =>
        kernels.every((kernel) => kernel.isAvailable(backendName)) ? 'kernel' : 'definition';
      return [operation, Object.fromEntries(BACKENDS.map((backendName) => [backendName, kindOn(backendName)]))];
    }),
  );
}
