import { backendOf } from '../backend/registry.js';
import { reshape, scope } from '../backend/ops.js';
import { tokenLogProbsDefinition } from '../definitions/tokenLogProbs.js';
import { checkTensor, checkValues, type Checked } from '../internal/checks.js';
import { readOptions } from '../internal/options.js';
import { anyIgnoreIndex, checkIgnoreIndex } from '../masking/ignoreIndex.js';

/** Options of {@link tokenLogProbs}. */
export interface TokenLogProbsOptions {
  /** The label of tokens that do not count, an integer outside `[0, V)`. Default {@link IGNORE_INDEX}, -100. */
  readonly ignoreIndex?: number;
}

/**
 * The log-probability of each label under the logits at its place.
 *
 *     logp[b, t] = logits[b, t, labels[b, t]] - log(sum over v of e^logits[b, t, v])      0 where the label is ignored
 *
 * Its gradient with respect to the logits of a token is `onehot(label) - softmax(logits)`, and 0 for an ignored one, even
 * if its logits are not finite. Where all V logits are equal, the value is `-log V`.
 *
 * Labels are the next tokens: use `shiftLabels` rather than slicing the logits, which copies them. A fused kernel runs
 * where the engine has one (see `listKernels`): it takes one buffer of the logits' size for the gradient and skips
 * ignored tokens.
 *
 * @param logits - Unnormalised scores, `[B, T, V]`, or `[N, V]` for flat rows.
 * @param labels - Integers `[B, T]`, or `[N]`, in `[0, V)`, or the ignored one.
 * @param options - See {@link TokenLogProbsOptions}.
 * @returns Log-probs in nats, of the shape of the labels.
 * @throws TypeError if the labels are not integers.
 * @throws RangeError if shapes do not fit, or a label is out of range where values can be read; on WebGPU and WebGL such
 *   a token becomes NaN, in value and gradient.
 *
 * @example
 * ```ts
 * import { tokenLogProbs } from 'prefloss';
 * const logps = tokenLogProbs([[[0, 0], [0, Math.log(3)]]], [[0, 1]]);
 * console.log(logps[0]!.map((x) => x.toFixed(4))); // -0.6931,-0.2877
 * ```
 */
export function tokenLogProbs<T, L>(logits: T, labels: L, options: TokenLogProbsOptions = {}): L {
  const { rows, size, vocabulary, ignoreIndex } = checkLogitsAndLabels('tokenLogProbs', logits, labels, options);
  return scope(logits, () => {
    const kernel = backendOf<unknown>(logits).tokenLogProbs?.(logits, labels, ignoreIndex);
    if (kernel !== undefined) return kernel as L;
    const flatLogits = reshape<unknown>(logits, [size, vocabulary]);
    return reshape<L>(tokenLogProbsDefinition(flatLogits, reshape<unknown>(labels, [size]), ignoreIndex), rows);
  });
}

/** Logits and labels that were checked. */
interface Tokens {
  /** Shape of the labels. */
  readonly rows: readonly number[];
  /** Their number. */
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
  return { rows, size: rows.reduce((a, b) => a * b, 1), vocabulary, ignoreIndex };
}

/** Checks labels, integers of the given shape, and the ignored one. */
export function checkLabels(
  fn: string,
  labels: unknown,
  expected: { readonly shape: readonly number[]; readonly like?: Checked },
  { vocabulary, ignoreIndex }: { readonly vocabulary: number; readonly ignoreIndex: number },
): void {
  checkIgnoreIndex(fn, ignoreIndex, vocabulary);
  const has = (v: number) => Number.isInteger(v) && ((v >= 0 && v < vocabulary) || v === ignoreIndex);
  const words = `an integer in [0, ${vocabulary}) or ${ignoreIndex}`;
  checkValues(fn, checkTensor(fn, 'labels', labels, { ...expected, dtype: ['int'] }), { has, words });
}

/** Checks logits alone. */
export function checkLogits<T>(fn: string, name: string, logits: T): Checked<T> {
  const checked = checkTensor(fn, name, logits);
  const { shape } = checked;
  if (shape.length < 2) throw new RangeError(`${fn}: ${name} has shape [${shape.join(', ')}], expected [B, T, V] or [N, V]`);
  return checked;
}
