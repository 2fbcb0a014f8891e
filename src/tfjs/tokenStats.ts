import type { Tensor } from '@tensorflow/tfjs-core';
import { hasKernel, runKernel } from './kernels/registry.js';
import { STATS } from './kernels/tokenStatsNames.js';

/** The fused `tokenStats` of `Backend`, where the active tfjs backend has the kernel. */
export function tokenStats(logits: Tensor, labels: Tensor, ignoreIndex: number): Tensor | undefined {
  return hasKernel(STATS) ? runKernel(STATS, { logits, labels }, { ignoreIndex }) : undefined;
}
