import { backendOf } from '../backend/registry.js';
import { scope } from '../backend/ops.js';
import { linearTokenDivergenceDefinition } from '../definitions/linear.js';
import { flag, readOptions } from '../internal/options.js';
import { checkHeads, headReaders, isWithoutTokens, prepareHead, sumOfNone, type LinearHead } from './linearHead.js';
import type { LinearTokenLogProbsOptions } from './linearTokenLogProbs.js';
import { divergenceReaders, readDivergence, type TokenDivergenceOptions } from './tokenDivergence.js';
import type { TokensOf } from './tokenLogProbs.js';

/** The heads of {@link linearTokenDivergence}: the same tokens and vocabulary; hidden widths and layouts may differ. */
export type DivergenceHeads<H, W = H> = {
  /** The policy, which gradients reach. */
  readonly policy: LinearHead<H, W>;
  /** A constant: no gradient reaches it. */
  readonly reference: LinearHead<H, W>;
};

/** Options of {@link linearTokenDivergence}. Scale, cap and temperature are those of both heads; `frozenWeight` is about the policy. */
export interface LinearTokenDivergenceOptions extends LinearTokenLogProbsOptions, TokenDivergenceOptions {}

/**
 * Divergence between the next-token distributions of policy and reference, as in {@link tokenDivergence}, from the hidden states before
 * the output embeddings: neither model's logits are computed as a whole. See {@link linearTokenLogProbs} for the definition of the
 * logits z, and {@link tokenDivergence} for that of the divergence D and of its gradient `g_tv = dD_t/dz_tv`.
 *
 *     d/dhidden_t = sum over v of g_tv weight_v
 *     d/dweight_v = sum over t of g_tv hidden_t     (both times logitScale / temperature; without a soft cap)
 *
 * On TensorFlow.js, where `listKernels` has `tokenDivergence`, the vocabulary is processed in chunks, as in {@link linearTokenLogProbs}:
 * once, for Jensen-Shannon twice, and once more in the backward pass. Elsewhere, the definition in plain operations runs on blocks of
 * rows, and the backward pass keeps their logits.
 *
 * @param heads - Hidden states and output embeddings of both models, see {@link DivergenceHeads}.
 * @param labels - The labels say which tokens count: integers in `[0, V)` or the ignored label, `[B, T]`, or `[N]`; a tensor, or plain
 *   numbers on any engine. Rows of ignored tokens are left out of the matrix products where {@link linearTokenLogProbs} leaves them out.
 * @param options - See {@link LinearTokenDivergenceOptions}.
 * @returns Divergences in nats, floats with the shape of the labels; 0 with zero gradient for ignored tokens.
 * @throws TypeError if a tensor of a head does not hold floats, or a tensor of labels does not hold integers.
 * @throws RangeError if shapes do not fit, an option is out of range or unknown, the divergence does not use the weight, or a label is not
 *   an integer in `[0, V)` or the ignored one; on WebGPU and WebGL, a token with such a label becomes NaN instead, in value and gradient.
 *
 * @example
 * ```ts
 * import { linearTokenDivergence } from 'prefloss';
 * const policy = { hidden: [[[1]]], weight: [[0], [0]] };
 * const reference = { hidden: [[[1, 0]]], weight: [[0, 1], [Math.log(3), 1]] };
 * const divergence = linearTokenDivergence({ policy, reference }, [[0]], { divergence: 'reverseKl' });
 * console.log(divergence[0]!.map((x) => x.toFixed(4))); // 0.1438
 * ```
 */
export function linearTokenDivergence<H, W, L>(
  heads: DivergenceHeads<H, W>,
  labels: L,
  options: LinearTokenDivergenceOptions = {},
): TokensOf<H, L> {
  const fn = 'linearTokenDivergence';
  const read = readOptions(fn, options, undefined, { ...headReaders(), frozenWeight: flag(false), ...divergenceReaders() });
  const { divergence, weight } = readDivergence(fn, read);
  checkHeads(fn, heads, labels, read);
  return scope(heads.policy.hidden, () => {
    if (isWithoutTokens(heads.policy)) return sumOfNone(heads.policy, read.frozenWeight) as TokensOf<H, L>;
    const { rows: policy, restore } = prepareHead(heads.policy as LinearHead<unknown>, labels, read);
    const { rows: reference } = prepareHead(heads.reference as LinearHead<unknown>, labels, read);
    const given = [policy, reference, divergence, weight, read.frozenWeight] as const;
    const divergences = backendOf<unknown>(heads.policy.hidden).linearTokenDivergence?.(...given);
    return restore(divergences ?? linearTokenDivergenceDefinition(...given)) as TokensOf<H, L>;
  });
}
