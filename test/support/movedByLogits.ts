import type { TokenDivergence } from '../../src/backend/types.js';
import { divergenceOf, logSoftmax, softmax, statsOf, type Row } from './distributions.js';
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

/** With the two models exchanged, a divergence is this one, and 1 minus the weight its weight. */
const EXCHANGED = { forwardKl: 'reverseKl', reverseKl: 'forwardKl', jensenShannon: 'jensenShannon' } as const;

/** The same for a divergence and the logits of both models. */
export function movedDivergence(
  policy: Row,
  reference: Row,
  divergence: TokenDivergence = 'forwardKl',
  weight = 0.5,
  [sizes, otherSizes]: readonly [Row, Row] = [policy, reference],
): number {
  const { gradient } = divergenceOf(policy, reference, divergence, weight);
  const { gradient: other } = divergenceOf(reference, policy, EXCHANGED[divergence], 1 - weight);
  return moved(sizes, (v) => gradient[v]!) + moved(otherSizes, (v) => other[v]!);
}

/** By how much the logits move with hidden states, weight and bias together: the sum of the sizes of their terms. */
export const sizesOfLogits = (hidden: Matrix, weight: Matrix, bias: number[] | undefined, options: Options): Matrix =>
  hidden.map((h) => {
    const { slopes } = logitsOf(h, weight, bias, options);
    return weight.map((w, v) => slopes[v]! * (2 * w.reduce((sum, x, d) => sum + Math.abs(x * h[d]!), 0) + Math.abs(bias?.[v] ?? 0)));
  });
