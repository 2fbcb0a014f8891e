import { klOf, logSoftmax, softmax, statsOf, type Row } from './distributions.js';
import { logitsOf, type Matrix, type Options } from './headLogits.js';

const moved = (sizes: Row, slope: (v: number) => number): number => sizes.reduce((sum, size, v) => sum + Math.abs(size * slope(v)), 0);

/**
 * Computes how far the statistics of a token move with its logits: the sum of `|size * derivative|` over the logits, in float64.
 *
 * @param sizes - By how much each logit moves. Default: its value.
 */
export function movedStats(x: Row, label: number, sizes = x): Record<'logps' | 'entropy' | 'meanLogit' | 'logSumSquares', number> {
  const [p, logp] = [softmax(x), logSoftmax(x)];
  const { entropy, logSumSquares } = statsOf(x, label);
  return {
    logps: label < 0 ? 0 : moved(sizes, (v) => Number(v === label) - p[v]!),
    entropy: moved(sizes, (v) => p[v]! * (logp[v]! + entropy)),
    meanLogit: moved(sizes, () => 1 / x.length),
    logSumSquares: moved(sizes, (v) => 2 * (p[v]! ** 2 / Math.exp(logSumSquares) - p[v]!)),
  };
}

/** The same for `KL(softmax(reference) || softmax(policy))` and the logits of both. */
export function movedKl(policy: Row, reference: Row): number {
  const [p, q, logp, logq, kl] = [softmax(policy), softmax(reference), logSoftmax(policy), logSoftmax(reference), klOf(policy, reference)];
  return moved(policy, (v) => p[v]! - q[v]!) + moved(reference, (v) => q[v]! * (logq[v]! - logp[v]! - kl));
}

/** By how much the logits move with hidden states, weight and bias together: the sum of the sizes of their terms. */
export const sizesOfLogits = (hidden: Matrix, weight: Matrix, bias: number[] | undefined, options: Options): Matrix =>
  hidden.map((h) => {
    const { slopes } = logitsOf(h, weight, bias, options);
    return weight.map((w, v) => slopes[v]! * (2 * w.reduce((sum, x, d) => sum + Math.abs(x * h[d]!), 0) + Math.abs(bias?.[v] ?? 0)));
  });
