import { reshape, slice, tidy, type Tensor } from '@tensorflow/tfjs-core';
import type { TokenStats } from '../backend/types.js';
import { hasKernel, runKernel } from './kernels/registry.js';
import { STATS } from './kernels/tokenStatsNames.js';
import { untaped } from './training/noGrad.js';

type Stats = TokenStats<Tensor>;

/** The fused `tokenStats` of `Backend`, where the active tfjs backend has the kernel. */
export function tokenStats(logits: Tensor, labels: Tensor, ignoreIndex: number): Stats | undefined {
  if (!hasKernel(STATS)) return undefined;
  return tidy(() =>
    untaped(() => {
      const output = runKernel(STATS, { logits, labels }, { ignoreIndex });
      const row = (i: number): Tensor => reshape(slice(output, [i, 0], [1, labels.size]), labels.shape);
      return { logps: row(0), entropy: row(1), correct: row(2), meanLogit: row(3), logSumSquares: row(4) };
    }),
  );
}
