import { backendOf } from '../backend/registry.js';
import { scope } from '../backend/ops.js';
import type { TokenStats } from '../backend/types.js';
import { linearTokenStatsDefinition } from '../definitions/linear.js';
import { readOptions } from '../internal/options.js';
import { checkHead, headReaders, prepareHead, type LinearHead, type LinearHeadOptions } from './linearHead.js';
import type { TokensOf } from './tokenLogProbs.js';
import { mapStats } from './tokenStats.js';

/**
 * Per-token statistics for logging, as in {@link tokenStats}, from the hidden states before the output embedding: the logits are
 * computed in parts instead of as a whole. All are detached. See {@link linearTokenLogProbs} for the definition of the logits.
 *
 * @param head - Hidden states and output embedding, see {@link LinearHead}.
 * @param labels - Integers in `[0, V)` or the ignored label, `[B, T]`, or `[N]`; a tensor, or plain numbers on any engine.
 * @param options - See {@link LinearHeadOptions}. All statistics are of the logits after scale, cap and temperature.
 * @returns See {@link TokenStats}; each statistic is a tensor of floats with the shape of the labels, 0 for ignored tokens.
 * @throws TypeError if a tensor of the head does not hold floats, or a tensor of labels does not hold integers.
 * @throws RangeError if shapes do not fit, an option is out of range or unknown, or a label is not an integer in `[0, V)` or the
 *   ignored one; on WebGPU and WebGL, all statistics of a token with such a label become NaN instead.
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
