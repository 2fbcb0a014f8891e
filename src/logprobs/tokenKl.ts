import { isInMemory } from '../backend/arrays/onValues.js';
import { sizeOf } from '../backend/arrays/shapes.js';
import { backendOf } from '../backend/registry.js';
import { constant, reshape, scope, sum } from '../backend/ops.js';
import type { OrPlain, Reduced } from '../backend/types.js';
import { tokenKlDefinition } from '../definitions/tokenKl.js';
import { checkTensor } from '../internal/checks.js';
import { tokenKlInMemory } from '../rows/tokenKl.js';
import { checkLogits } from './tokenLogProbs.js';

/**
 * KL divergence KL(reference || policy) between the next-token distributions at each position, over the whole vocabulary.
 *
 *     p = softmax(policy), q = softmax(reference)
 *     KL(q || p) = sum over v of q_v (log q_v - log p_v)
 *
 * It is 0 where the two distributions are equal. Its gradient with respect to the policy's logits is `p - q`; the reference is
 * detached. `tdpo1` and `tdpo2` take its sum over the tokens of a completion:
 * `sequentialKl.chosen = maskedSum(tokenKl(policy, reference), mask, -1)`. A fused kernel runs for values in
 * memory, and on TensorFlow.js where `listKernels` has one.
 *
 * @param policy - Logits of the policy, `[B, T, V]`, or `[N, V]` for flat rows.
 * @param reference - Logits of the reference, of the same shape; no gradient reaches them.
 * @returns Divergences in nats, floats `[B, T]` or `[N]`, at least 0 up to rounding; Infinity if the policy's logit is -Infinity
 *   for a token with a positive probability under the reference (a GPU need not support infinities).
 * @throws RangeError if shapes do not fit.
 *
 * @example
 * ```ts
 * import { tokenKl } from 'prefloss';
 * console.log(tokenKl([[[0, 0]]], [[[0, Math.log(3)]]])[0]!.map((x) => x.toFixed(4))); // 0.1308
 * ```
 *
 * @see Zeng et al., "Token-level Direct Preference Optimization", 2024, eq. 11. https://arxiv.org/abs/2404.11999
 */
export function tokenKl<T>(policy: T, reference: OrPlain<NoInfer<T>>): Reduced<T> {
  const like = checkLogits('tokenKl', 'policy', policy);
  checkTensor('tokenKl', 'reference', reference, { like, orPlain: true });
  const rows = like.shape.slice(0, -1);
  return scope(policy, () => {
    if (rows.includes(0)) return sum(policy, -1);
    const fixed = constant<T>(policy, reference);
    const backend = backendOf<T>(policy, fixed);
    if (isInMemory(backend)) return backend.onValues([policy, fixed], tokenKlInMemory)[0];
    const kernel = backend.tokenKl?.(policy, fixed);
    if (kernel !== undefined) return kernel;
    const flat = [sizeOf(rows), like.shape.at(-1)!];
    return reshape<Reduced<T>>(tokenKlDefinition(reshape<T>(policy, flat), reshape<T>(fixed, flat)), rows);
  });
}
