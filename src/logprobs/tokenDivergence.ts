import { isInMemory } from '../backend/arrays/onValues.js';
import { sizeOf } from '../backend/arrays/shapes.js';
import { backendOf } from '../backend/registry.js';
import { constant, reshape, scope, sum } from '../backend/ops.js';
import type { OrPlain, Reduced, TokenDivergence } from '../backend/types.js';
import { tokenDivergenceDefinition } from '../definitions/tokenDivergence.js';
import { checkTensor, checkUnused } from '../internal/checks.js';
import { DIVERGENCES } from '../internal/divergences.js';
import { properFraction } from '../internal/domains.js';
import { choice, number, optional, readOptions } from '../internal/options.js';
import { tokenDivergenceInMemory } from '../rows/tokenDivergence.js';
import { checkLogits } from './tokenLogProbs.js';

/** Options of {@link tokenDivergence}. */
export interface TokenDivergenceOptions {
  /**
   * `'forwardKl'` is KL(reference || policy), `'reverseKl'` is KL(policy || reference), `'jensenShannon'` is between the two. Default
   * `'forwardKl'`.
   */
  readonly divergence?: TokenDivergence;
  /** Weight of the reference in the mixture of the Jensen-Shannon divergence, in (0, 1). Default 0.5. */
  readonly weight?: number;
}

/**
 * Divergence between the next-token distributions of policy and reference at each position, over the whole vocabulary.
 *
 *     p = softmax(policy), q = softmax(reference), m = weight q + (1 - weight) p
 *     KL(a || b) = sum over v of a_v (log a_v - log b_v)
 *
 *     forwardKl:     KL(q || p)                                    d/dz_v = p_v - q_v
 *     reverseKl:     KL(p || q)                                    d/dz_v = p_v (log(p_v / q_v) - KL(p || q))
 *     jensenShannon: weight KL(q || m) + (1 - weight) KL(p || m)   d/dz_v = (1 - weight) p_v (log(p_v / m_v) - KL(p || m))
 *
 * Each is 0 where the two distributions are equal; the Jensen-Shannon divergence is at most
 * `-weight log(weight) - (1 - weight) log(1 - weight)`, ln 2 by default. z are the logits of the policy; the reference is detached. A
 * fused kernel runs for values in memory, and on TensorFlow.js where `listKernels` has one. {@link linearTokenDivergence} takes
 * hidden states instead of logits.
 *
 * - `tdpo1` and `tdpo2` take the forward KL, summed over the tokens of a completion:
 *   `sequentialKl.chosen = maskedSum(tokenDivergence(policy, reference), mask, -1)`.
 * - Distillation takes any of them, with the teacher as the reference. The `beta` of TRL and Liger is the `weight`; where it is 0 or 1,
 *   they compute the forward or the reverse KL.
 *
 * @param policy - Logits of the policy, `[B, T, V]`, or `[N, V]` for flat rows.
 * @param reference - Logits of the reference, of the same shape; no gradient reaches them.
 * @param options - See {@link TokenDivergenceOptions}.
 * @returns Divergences in nats, floats `[B, T]` or `[N]`, at least 0 up to rounding. The absolute error of a KL divergence is a few
 *   units of the engine's precision, however small the divergence: in float32, one of 1e-5 keeps about two digits. It is Infinity if the logit of the second distribution is -Infinity for a token with a positive probability under the
 *   first (a GPU need not support infinities); the Jensen-Shannon divergence is always finite.
 * @throws RangeError if shapes do not fit, an option is out of range or unknown, or the divergence does not use the weight.
 *
 * @example
 * ```ts
 * import { tokenDivergence } from 'prefloss';
 * const [policy, reference] = [[[[0, 0]]], [[[0, Math.log(3)]]]];
 * console.log(tokenDivergence(policy, reference)[0]!.map((x) => x.toFixed(4))); // 0.1308
 * console.log(tokenDivergence(policy, reference, { divergence: 'jensenShannon' })[0]!.map((x) => x.toFixed(4))); // 0.0338
 * ```
 *
 * @see Zeng et al., "Token-level Direct Preference Optimization", 2024, eq. 11 (forward KL). https://arxiv.org/abs/2404.11999
 * @see Agarwal et al., "On-Policy Distillation of Language Models", 2023 (generalized Jensen-Shannon divergence).
 *   https://arxiv.org/abs/2306.13649
 */
export function tokenDivergence<T>(policy: T, reference: OrPlain<NoInfer<T>>, options: TokenDivergenceOptions = {}): Reduced<T> {
  const like = checkLogits('tokenDivergence', 'policy', policy);
  checkTensor('tokenDivergence', 'reference', reference, { like, orPlain: true });
  const { divergence, weight } = readDivergence('tokenDivergence', readOptions('tokenDivergence', options, undefined, divergenceReaders()));
  const rows = like.shape.slice(0, -1);
  return scope(policy, () => {
    if (rows.includes(0)) return sum(policy, -1);
    const fixed = constant<T>(policy, reference);
    const backend = backendOf<T>(policy, fixed);
    if (isInMemory(backend)) return backend.onValues([policy, fixed], tokenDivergenceInMemory(divergence, weight))[0];
    const kernel = backend.tokenDivergence?.(policy, fixed, divergence, weight);
    if (kernel !== undefined) return kernel;
    const flat = [sizeOf(rows), like.shape.at(-1)!];
    const divergences = tokenDivergenceDefinition(reshape<T>(policy, flat), reshape<T>(fixed, flat), divergence, weight);
    return reshape<Reduced<T>>(divergences, rows);
  });
}

/** Readers of the options of a divergence; a function, so that nothing runs at import. */
export const divergenceReaders = () => ({ divergence: choice(DIVERGENCES), weight: optional(number(properFraction)) });

/** The weight of a divergence, as read: checked to be used, with its default. */
export function readDivergence(fn: string, read: { readonly divergence: TokenDivergence; readonly weight: number | undefined }) {
  const { divergence, weight = 0.5 } = read;
  if (divergence !== 'jensenShannon') checkUnused(fn, read, ['weight'], `by ${divergence}`);
  return { divergence, weight };
}
