import { backendOf } from '../backend/registry.js';
import { scope } from '../backend/ops.js';
import { linearTokenLogProbsDefinition } from '../definitions/linear.js';
import { flag, readOptions } from '../internal/options.js';
import { checkHead, headReaders, isWithoutTokens, prepareHead, sumOfNone, type LinearHead, type LinearHeadOptions } from './linearHead.js';
import type { TokensOf } from './tokenLogProbs.js';

/** Options of {@link linearTokenLogProbs}. */
export interface LinearTokenLogProbsOptions extends LinearHeadOptions {
  /**
   * Whether weight and bias are constants, for example if only LoRA adapters are trained. The gradient with respect to the hidden
   * states is then computed in the forward pass, so that no logits are computed twice; weight and bias get no gradient. Default
   * false.
   */
  readonly frozenWeight?: boolean;
}

/**
 * Log-prob of each label from the hidden states before the output embedding. The logits, usually the largest tensor of a
 * training step, are computed in parts instead of as a whole.
 *
 *     z_t    = logitScale (hidden_t weight^T + bias)        weight [V, D]; with a soft cap c:  c tanh(z / c)
 *     logp_t = (z / temperature)[label_t] - log(sum over v of e^(z_v / temperature))
 *
 *     d/dhidden_t = weight[label_t] - sum over v of p_tv weight_v
 *     d/dweight_v = sum over t of ([v = label_t] - p_tv) hidden_t     (both times logitScale / temperature; without a soft cap)
 *
 * On TensorFlow.js, the vocabulary is processed in chunks, whose largest logits and sums are combined as in an online softmax.
 * The backward pass computes the logits of each chunk again, and writes the gradient of the weight chunk by chunk (on WebGL, and
 * on tfjs-node for a weight `[D, V]`, it concatenates them at the end). Besides the arguments and their gradients, this needs
 * memory for a few chunks and a few tensors of the size of the hidden states. By default, logits
 * of at most 2^20 elements are one chunk; otherwise, the larger of a chunk's logits and its rows of the weight has about 2^20
 * elements, more if there are over 4096 rows or the hidden width is over 4096. The result is an ordinary tensor of log-probs, so
 * it can be used in losses that couple the examples of a batch.
 *
 * Rows of ignored tokens are left out of the matrix products if some token counts and the labels can be read at once: on all
 * engines except WebGPU and WebGL, and on those too if `labels` are plain numbers.
 *
 * @param head - Hidden states and output embedding, see {@link LinearHead}.
 * @param labels - Integers in `[0, V)` or the ignored label, `[B, T]`, or `[N]`; a tensor, or plain numbers on any engine. The
 *   function does not shift them: see `shiftLabels`.
 * @param options - See {@link LinearTokenLogProbsOptions}.
 * @returns Log-probs in nats, floats with the shape of the labels, at most 0; 0 with zero gradient for ignored tokens, even if
 *   their hidden states are not finite.
 * @throws TypeError if a tensor of the head does not hold floats, or a tensor of labels does not hold integers.
 * @throws RangeError if shapes do not fit, an option is out of range or unknown, or a label is not an integer in `[0, V)` or the
 *   ignored one; on WebGPU and WebGL, a token with such a label becomes NaN instead, in value and gradient, and so do the whole
 *   gradients of weight and bias.
 *
 * @example
 * ```ts
 * import { linearTokenLogProbs } from 'prefloss';
 * const head = { hidden: [[[1, 0], [0, 1]]], weight: [[0, 0], [0, Math.log(3)]] };
 * const logps = linearTokenLogProbs(head, [[0, 1]]);
 * console.log(logps[0]!.map((x) => x.toFixed(4)).join()); // -0.6931,-0.2877
 * ```
 */
export function linearTokenLogProbs<H, W, L>(head: LinearHead<H, W>, labels: L, options: LinearTokenLogProbsOptions = {}): TokensOf<H, L> {
  const read = readOptions('linearTokenLogProbs', options, undefined, { ...headReaders(), frozenWeight: flag(false) });
  checkHead('linearTokenLogProbs', head, labels, read);
  return scope(head.hidden, () => {
    if (isWithoutTokens(head)) return sumOfNone(head, read.frozenWeight) as TokensOf<H, L>;
    const { rows, restore } = prepareHead(head as LinearHead<unknown>, labels, read);
    const logps = backendOf<unknown>(head.hidden).linearTokenLogProbs?.(rows, read.frozenWeight);
    return restore(logps ?? linearTokenLogProbsDefinition(rows, read.frozenWeight)) as TokensOf<H, L>;
  });
}
