import { tidy, type Tensor } from '@tensorflow/tfjs-core';
import type { TokenStats } from '../../../backend/types.js';
import { kernel } from '../../kernels/kernel.js';
import { untaped } from '../../tape.js';
import { stats, type Attributes, type Inputs } from './contract.js';
import * as processor from './processor.js';
import * as webgpu from './webgpu.js';

/** Computes all statistics in one pass over the logits. */
export const tokenStatsForward = kernel<Inputs, Attributes>('PreflossTokenStats', { ...processor.forward, webgpu: webgpu.forward });

/** The fused `tokenStats` of `Backend`; undefined if the active tfjs backend has no kernel for it. */
export function tokenStats(logits: Tensor, labels: Tensor, ignoreIndex: number): TokenStats<Tensor> | undefined {
  if (!tokenStatsForward.isAvailable()) return undefined;
  return tidy(() => untaped(() => stats.readAll(tokenStatsForward.run({ logits, labels }, { ignoreIndex }), labels.shape)));
}
