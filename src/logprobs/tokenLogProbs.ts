import { isInMemory } from '../backend/arrays/onValues.js';
import { sizeOf } from '../backend/arrays/shapes.js';
import { backendOf } from '../backend/registry.js';
import { constant, reshape, scope, sum } from '../backend/ops.js';
import type { PlainList, Reduced } from '../backend/types.js';
import { tokenLogProbsDefinition } from '../definitions/tokenLogProbs.js';
import { checkTensor, checkValues, type Checked } from '../internal/checks.js';
import { readOptions } from '../internal/options.js';
import { anyIgnoreIndex, checkIgnoreIndex } from '../masking/ignoreIndex.js';
import { tokenLogProbsInMemory } from '../rows/tokenLogProbs.js';

/** Type of a result per token: that of labels in a tensor; for plain labels, a tensor of the engine of the scores `H`. */
export type TokensOf<H, L> = L extends PlainList ? (H extends readonly unknown[] ? L : Reduced<H>) : L;

/** Options of {@link tokenLogProbs}. */
export interface TokenLogProbsOptions {
  /** The label of ignored tokens, an integer outside `[0, V)`. Default {@link IGNORE_INDEX}, -100. */
  readonly ignoreIndex?: number;
}

/**
 * Log-prob of each label under the logits of its token.
 *
 *     logp[b, t] = logits[b, t, labels[b, t]] - log(sum over v of e^logits[b, t, v])      0 where the label is ignored
 *
 * The gradient with respect to the logits of a token is `onehot(label) - softmax(logits)`, and 0 for an ignored token, even if
 * its logits are not finite. Where all V logits are equal, the value is `-log V`.
 *
 * Labels are the next tokens: shift them with `shiftLabels`, because slicing the logits instead would copy them. A fused kernel
 * runs for values in memory, and on TensorFlow.js where `listKernels` has one. Its only buffer of the logits' size is the gradient, and it skips ignored
 * tokens; on tfjs-node, it also keeps the probabilities, of all tokens.
 *
 * @param logits - Unnormalised scores, `[B, T, V]`, or `[N, V]` for flat rows.
 * @param labels - Integers in `[0, V)` or the ignored label, `[B, T]`, or `[N]`; a tensor, or a plain list on any engine.
 * @param options - See {@link TokenLogProbsOptions}.
 * @returns Log-probs in nats, floats with the shape of the labels, at most 0.
 * @throws TypeError if a tensor of logits does not hold floats, or a tensor of labels does not hold integers.
 * @throws RangeError if shapes do not fit, `ignoreIndex` is a token, or a label is not an integer in `[0, V)` or the ignored one;
 *   on WebGPU and WebGL, a token with such a label becomes NaN instead, in value and gradient.
 *
 * @example
 * ```ts
 * import { tokenLogProbs } from 'prefloss';
 * const logps = tokenLogProbs([[[0, 0], [0, Math.log(3)]]], [[0, 1]]);
 * console.log(logps[0]!.map((x) => x.toFixed(4))); // -0.6931,-0.2877
 * ```
 */
export function tokenLogProbs<T, L>(logits: T, labels: L, options: TokenLogProbsOptions = {}): TokensOf<T, L> {
  const { rows, size, vocabulary, ignoreIndex } = checkLogitsAndLabels('tokenLogProbs', logits, labels, options);
  return scope(logits, () => {
    // Without tokens there is no softmax: the sum over no rows passes its empty gradient on.
    if (size === 0) return sum(logits, -1) as TokensOf<T, L>;
    const own = constant<unknown>(logits, labels, 'int');
    const backend = backendOf<unknown>(logits, own);
    if (isInMemory(backend)) return backend.onValues([logits, own], tokenLogProbsInMemory(ignoreIndex))[0] as TokensOf<T, L>;
    const kernel = backend.tokenLogProbs?.(logits, own, ignoreIndex);
    if (kernel !== undefined) return kernel as TokensOf<T, L>;
    const flatLogits = reshape<unknown>(logits, [size, vocabulary]);
    return reshape(tokenLogProbsDefinition(flatLogits, reshape<unknown>(own, [size]), ignoreIndex), rows);
  });
}

/** Logits and labels that were checked. */
interface Tokens {
  /** Shape of the labels. */
  readonly rows: readonly number[];
  /** Number of labels. */
  readonly size: number;
  readonly vocabulary: number;
  readonly ignoreIndex: number;
}

/** Checks logits, the labels of their tokens, and the options. */
export function checkLogitsAndLabels(fn: string, logits: unknown, labels: unknown, options: TokenLogProbsOptions): Tokens {
  const { ignoreIndex } = readOptions(fn, options, undefined, { ignoreIndex: anyIgnoreIndex });
  const checked = checkLogits(fn, 'logits', logits);
  const [rows, vocabulary] = [checked.shape.slice(0, -1), checked.shape.at(-1)!];
  const like = { ...checked, name: 'logits without the last axis' };
  checkLabels(fn, labels, { shape: rows, like }, { vocabulary, ignoreIndex });
  return { rows, size: sizeOf(rows), vocabulary, ignoreIndex };
}

/** Checks the ignored label, and that labels are integers of the given shape. */
export function checkLabels(
  fn: string,
  labels: unknown,
  expected: { readonly shape: readonly number[]; readonly like: Checked },
  { vocabulary, ignoreIndex }: { readonly vocabulary: number; readonly ignoreIndex: number },
): void {
  checkIgnoreIndex(fn, ignoreIndex, vocabulary);
  const has = (v: number) => Number.isInteger(v) && ((v >= 0 && v < vocabulary) || v === ignoreIndex);
  const words = `an integer in [0, ${vocabulary}) or ${ignoreIndex}`;
  checkValues(fn, checkTensor(fn, 'labels', labels, { ...expected, orPlain: true, dtype: ['int'] }), { has, words });
}

/** Checks logits, `[..., V]` with at least two axes. */
export function checkLogits<T>(fn: string, name: string, logits: T): Checked<T> {
  const checked = checkTensor(fn, name, logits);
  const { shape } = checked;
  if (shape.length < 2) throw new RangeError(`${fn}: ${name} has shape [${shape.join(', ')}], expected [B, T, V] or [N, V]`);
  return checked;
}
