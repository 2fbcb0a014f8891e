import { backendOf } from '../backend/registry.js';
import { scope } from '../backend/ops.js';
import type { TokenStats } from '../backend/types.js';
import { linearTokenStatsDefinition } from '../definitions/linear.js';
import { readOptions } from '../internal/options.js';
import { checkHead, headReaders, prepareHead, type LinearHead, type LinearHeadOptions, type TokensOf } from './linearHead.js';
import { mapStats } from './tokenStats.js';

/**
 * What there is to log of each token, as {@link tokenStats} gives it, from the hidden states before the output embedding: the
 * logits are never there as a whole. Nothing of it has a gradient. See {@link linearTokenLogProbs} for the logits.
 *
 * @param head - Hidden states and output embedding, see {@link LinearHead}.
 * @param labels - Integers `[B, T]`, or `[N]`, in `[0, V)`, or the ignored one; a tensor, or plain numbers on any engine.
 * @param options - See {@link LinearHeadOptions}. All statistics are those of the logits after scale, cap and temperature.
 * @returns See {@link TokenStats}; each of the shape of the labels, 0 for ignored tokens.
 * @throws TypeError if an argument is no tensor of floats, or the labels are not integers.
 * @throws RangeError if shapes do not fit, an option is out of its range or unknown, or a label is out of range where
 *   values can be read; on WebGPU and WebGL all statistics of such a token become NaN.
 *
 * @example
 * ```ts
 * import { linearTokenStats } from 'prefloss';
 * const head = { hidden: [[[1, 0], [0, 1]]], weight: [[0, 0], [0, Math.log(3)]] };
 * const { entropy, correct } = linearTokenStats(head, [[0, 0]]);
 * console.log(entropy[0]!.map((x) => x.toFixed(4)), correct[0]); // 0.6931,0.5623 1,0
 * ```
 */
export function linearTokenStats<H, W, L>(head: LinearHead<H, W>, labels: L, options: LinearHeadOptions = {}): TokenStats<TokensOf<H, L>> {
  const read = readOptions('linearTokenStats', options, undefined, headReaders());
  checkHead('linearTokenStats', head, labels, read);
  return scope(head.hidden, () => {
    const { rows, restore } = prepareHead(head as LinearHead<unknown>, labels, read);
    const stats = backendOf<unknown>(head.hidden).linearTokenStats?.(rows) ?? linearTokenStatsDefinition(rows);
    return mapStats(stats, (x) => restore(x) as TokensOf<H, L>);
  });
}
