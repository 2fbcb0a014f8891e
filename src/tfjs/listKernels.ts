import { BACKENDS } from './kernels/kernel.js';
import { tokenDivergenceBackward, tokenDivergenceForward, tokenDivergenceMixture } from './fused/tokenDivergence/tokenDivergence.js';
import { tokenLogProbsBackward, tokenLogProbsForward } from './fused/tokenLogProbs/tokenLogProbs.js';
import { tokenStatsForward } from './fused/tokenStats/tokenStats.js';

/** How an operation runs on a tfjs backend: as a fused kernel of this library, or as its definition in plain operations. */
export type KernelKind = 'kernel' | 'definition';

/** The operations that have fused kernels, and the kernels that each operation needs. */
const OPERATIONS = {
  tokenLogProbs: [tokenLogProbsForward, tokenLogProbsBackward],
  tokenStats: [tokenStatsForward],
  tokenDivergence: [tokenDivergenceForward, tokenDivergenceMixture, tokenDivergenceBackward],
};

/**
 * Lists which operations run as fused kernels on which tfjs backends. Where an operation has no kernel, its definition in
 * plain operations runs; both give the same results up to rounding. The list does not depend on the active backend.
 *
 * `linearTokenLogProbs` and `linearTokenStats` are not listed: on every tfjs backend they work through the vocabulary in chunks.
 * `linearTokenDivergence` does so where `tokenDivergence` has a kernel.
 *
 * @returns For each operation (`tokenLogProbs`, `tokenStats`, `tokenDivergence`), a record with `'kernel'` or `'definition'` for each of
 *   the tfjs backends `cpu`, `wasm`, `webgpu`, `tensorflow` and `webgl`.
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
