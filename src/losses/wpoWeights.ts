import { add, exp, minimum, scope, stopGradient, sub } from '../backend/ops.js';
import type { Less } from '../backend/types.js';
import { checkFields, checkTensor, type Checked } from '../internal/checks.js';
import { positive } from '../internal/domains.js';
import { number, optional, readOptions } from '../internal/options.js';
import { checkMask, meanOfCounted } from '../masking/maskedReductions.js';
import type { Pair } from '../logprobs/pairs.js';

/** Tokens of completions for {@link wpoWeights}. */
export interface WpoTokens<T> {
  /** Log-probs of the tokens under the policy, in nats, `[B, T]`. */
  readonly logps: T;
  /** Log of the sum over the vocabulary of the squared probabilities, in nats, `[B, T]`. */
  readonly logSumSquares: T;
  /** 1 for the tokens of the completions, `[B, T]`. */
  readonly mask: T;
}

/** Options of {@link wpoWeights}. */
export interface WpoWeightsOptions {
  /** Largest weight, positive: 1 is TRL's up to 0.27. Left out: weights are not cut off, as in TRL 1.x. */
  readonly clamp?: number;
}

/**
 * The weights of WPO (Weighted Preference Optimization): off-policy completions count as much as the policy would be likely
 * to write them, relative to how sure it is.
 *
 *     weight = exp(mean over counted tokens of (logps - logSumSquares))
 *
 * Of pairs, the weight is the product of both sides' weights. It is detached. Multiply the losses of the batch with it,
 * before they are averaged. A row without counted tokens has the weight 1.
 *
 * `tokenStats` gives `logps` and `logSumSquares`, the `log(sum over v of p_v^2)` of each token, in one pass over the logits.
 *
 * @param tokens - Tokens of pairs, or of single completions; see {@link WpoTokens}.
 * @param options - See {@link WpoWeightsOptions}.
 * @returns The weights `[B]`, detached.
 * @throws RangeError if shapes differ, clamp is not positive, or a mask holds anything but 0 and 1; where it cannot be read,
 *   that row becomes NaN.
 *
 * @example
 * ```ts
 * import { wpoWeights } from 'prefloss';
 * const tokens = { logps: [[-0.5, -1]], logSumSquares: [[-0.25, -0.25]], mask: [[1, 1]] };
 * console.log(wpoWeights(tokens)[0]!.toFixed(7)); // 0.6065307
 * console.log(wpoWeights({ chosen: tokens, rejected: tokens })[0]!.toFixed(7)); // 0.3678794
 * ```
 *
 * @see Zhou et al., "WPO: Enhancing RLHF with Weighted Preference Optimization", 2024, eq. 2. https://arxiv.org/abs/2406.11827
 */
export function wpoWeights<T>(tokens: Pair<WpoTokens<T>> | WpoTokens<T>, options: WpoWeightsOptions = {}): Less<T> {
  const { sides, like } = checkSides(tokens);
  const { clamp } = readOptions('wpoWeights', options, like, { clamp: optional(number(positive)) });
  return scope(like.value, () => {
    const logs = sides.map(({ logps, logSumSquares, mask }) => meanOfCounted(sub(logps, logSumSquares), mask, -1) as Less<T>);
    const weights = exp(logs.reduce((a, b) => add(a, b)));
    return stopGradient(clamp === undefined ? weights : minimum(weights, clamp));
  });
}

/** The one or the two sets of tokens, checked. */
function checkSides<T>(tokens: Pair<WpoTokens<T>> | WpoTokens<T>): { readonly sides: readonly WpoTokens<T>[]; readonly like: Checked<T> } {
  if (typeof tokens !== 'object' || !('chosen' in tokens)) {
    return { sides: [tokens], like: checkSide('tokens', '', tokens) };
  }
  checkFields('wpoWeights', 'tokens', tokens, ['chosen', 'rejected']);
  const like = checkSide('chosen', 'chosen.', tokens.chosen);
  checkSide('rejected', 'rejected.', tokens.rejected, like);
  return { sides: [tokens.chosen, tokens.rejected], like };
}

/** Checks the tokens of one side, like those of the other one. Gives their log-probs. */
function checkSide<T>(name: string, prefix: string, tokens: WpoTokens<T>, other?: Checked): Checked<T> {
  checkFields('wpoWeights', name, tokens, ['logps', 'logSumSquares', 'mask']);
  const like = checkTensor('wpoWeights', `${prefix}logps`, tokens.logps, other ? { like: other } : { rank: 2 });
  checkTensor('wpoWeights', `${prefix}logSumSquares`, tokens.logSumSquares, { like });
  checkMask('wpoWeights', tokens.mask, like, `${prefix}mask`);
  return like;
}
