import { backendOf } from '../backend/registry.js';
import { scope } from '../backend/ops.js';
import { linearTokenLogProbsDefinition } from '../definitions/linear.js';
import { flag, readOptions } from '../internal/options.js';
import { checkHead, headReaders, prepareHead, type LinearHead, type LinearHeadOptions, type TokensOf } from './linearHead.js';

/** Options of {@link linearTokenLogProbs}. */
export interface LinearTokenLogProbsOptions extends LinearHeadOptions {
  /**
   * Whether weight and bias are constants, as where only adapters are trained: the gradient of the hidden states is then made in
   * the forward pass, nothing is computed twice, and the gradient of weight and bias is none. Default false.
   */
  readonly frozenWeight?: boolean;
}

/**
 * Log-probability of each label, from the hidden states before the output embedding: the logits, by far the largest tensor of
 * a training step, are never there as a whole.
 *
 *     z_t    = logitScale (hidden_t weight^T + bias)        with a soft cap c:  c tanh(z / c)
 *     logp_t = (z / temperature)[label_t] - log(sum over v of e^(z_v / temperature))
 *
 *     d/dhidden_t = weight[label_t] - sum over v of p_v weight_v      times logitScale / temperature, without a cap
 *     d/dweight_v = sum over t of ([v = label_t] - p_tv) hidden_t     alike
 *
 * The vocabulary is gone through in chunks, whose largest logits and sums are combined as in an online softmax; in the backward
 * pass the logits of each chunk are computed again, and the gradient of the weight is written chunk by chunk. What this takes
 * beside its arguments and their gradients is a few chunks, of at most 2^20 numbers each if `chunkSize` is not given and there are not
 * thousands of rows. The result is
 * an ordinary tensor of log-probs, so losses that couple the examples of a batch are right.
 *
 * Rows of ignored tokens are left out before anything is multiplied, where the labels can be read at once: everywhere but
 * on WebGPU and WebGL, and there too if `labels` is given as plain numbers.
 *
 * @param head - Hidden states and output embedding, see {@link LinearHead}.
 * @param labels - Integers `[B, T]`, or `[N]`, in `[0, V)`, or the ignored one; a tensor, or plain numbers on any engine. They are not
 *   shifted here: see `shiftLabels`.
 * @param options - See {@link LinearTokenLogProbsOptions}.
 * @returns Log-probs in nats, at most 0, of the shape of the labels; 0 with zero gradient where the label is ignored, even if the
 *   hidden states there are not finite.
 * @throws TypeError if an argument is no tensor of floats, or the labels are not integers.
 * @throws RangeError if shapes do not fit, an option is out of its range or unknown, or a label is out of range where
 *   values can be read; on WebGPU and WebGL such a token becomes NaN, in value and in gradient.
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
    const { rows, restore } = prepareHead(head as LinearHead<unknown>, labels, read);
    const logps = backendOf<unknown>(head.hidden).linearTokenLogProbs?.(rows, read.frozenWeight);
    return restore(logps ?? linearTokenLogProbsDefinition(rows, read.frozenWeight)) as TokensOf<H, L>;
  });
}
