import { add, detached, exp, minimum, sub } from '../backend/ops.js';
import type { OrPlain, Reduced } from '../backend/types.js';
import { checkFields, checkTensor, type Checked } from '../internal/checks.js';
import { positive } from '../internal/domains.js';
import { number, optional, readOptions } from '../internal/options.js';
import { checkMask, meanOfCounted } from '../masking/maskedReductions.js';
import type { Pair } from '../logprobs/pairs.js';

/** Token statistics of completions for {@link wpoWeights}. */
export type WpoTokens<T> = {
  /** Log-probs of the tokens under the policy, in nats, `[B, T]`. */
  readonly logps: T;
  /** Logarithm of the sum of the squared probabilities over the vocabulary, in nats, `[B, T]`. */
  readonly logSumSquares: OrPlain<NoInfer<T>>;
  /** 1 for completion tokens, `[B, T]`. */
  readonly mask: OrPlain<NoInfer<T>>;
};

/** Options of {@link wpoWeights}. */
export interface WpoWeightsOptions {
  /** Largest weight, positive; TRL up to 0.27 uses 1. If omitted, weights are not clamped, as in TRL 1.x. */
  readonly clamp?: number;
}

/**
 * Weights of WPO (Weighted Preference Optimization) for off-policy completions: how likely the policy is to write them,
 * relative to how certain the policy is.
 *
 *     weight = exp(mean over counted tokens of (logps - logSumSquares))
 *
 * The weight of a pair is the product of the weights of its sides; `clamp` applies to the product. Multiply the losses by the
 * weights before averaging. A row without counted tokens has the weight 1.
 *
 * `tokenStats` computes `logps` and `logSumSquares`, the `log(sum over v of p_v^2)` of each token, in one pass over the logits.
 *
 * @param tokens - Statistics of pairs, or of single completions; see {@link WpoTokens}.
 * @param options - See {@link WpoWeightsOptions}.
 * @returns The weights `[B]`, detached.
 * @throws RangeError if shapes differ, clamp is not positive, or a mask holds anything but 0 and 1. Where values cannot
 *   be read synchronously (WebGPU, WebGL), the weight of such a row is NaN.
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
export function wpoWeights<T>(tokens: Pair<WpoTokens<T>> | WpoTokens<T>, options: WpoWeightsOptions = {}): Reduced<T> {
  const { sides, like } = checkSides(tokens);
  const { clamp } = readOptions('wpoWeights', options, like, { clamp: optional(number(positive)) });
  return detached(like.value, () => {
    const logs = sides.map(({ logps, logSumSquares, mask }) => meanOfCounted(sub(logps, logSumSquares), mask, -1) as Reduced<T>);
    const weights = exp(logs.reduce((a, b) => add(a, b)));
    return clamp === undefined ? weights : minimum(weights, clamp);
  });
}

/** Checks the tokens of pairs or of single completions, as a list of one or two sides. */
function checkSides<T>(tokens: Pair<WpoTokens<T>> | WpoTokens<T>): { readonly sides: readonly WpoTokens<T>[]; readonly like: Checked<T> } {
  if (typeof tokens !== 'object' || !('chosen' in tokens)) {
    return { sides: [tokens], like: checkSide('tokens', '', tokens) };
  }
  checkFields('wpoWeights', 'tokens', tokens, ['chosen', 'rejected']);
  const like = checkSide('chosen', 'chosen.', tokens.chosen);
  checkSide('rejected', 'rejected.', tokens.rejected, like);
  return { sides: [tokens.chosen, tokens.rejected], like };
}

/** Checks the tokens of one side, which must match `other` if given. Returns the checked log-probs. */
function checkSide<T>(name: string, prefix: string, tokens: WpoTokens<T>, other?: Checked): Checked<T> {
  checkFields('wpoWeights', name, tokens, ['logps', 'logSumSquares', 'mask']);
  const like = checkTensor('wpoWeights', `${prefix}logps`, tokens.logps, other ? { like: other } : { rank: 2 });
  checkTensor('wpoWeights', `${prefix}logSumSquares`, tokens.logSumSquares, { like, orPlain: true });
  checkMask('wpoWeights', tokens.mask, like, `${prefix}mask`);
  return like;
}
