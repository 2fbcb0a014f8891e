import { detached, exp, mul, reshape, sigmoid, sub } from '../backend/ops.js';
import { checkTensor } from '../internal/checks.js';
import { positive, wholeNumber } from '../internal/domains.js';
import { logSoftmax } from '../internal/numerics.js';
import { number, readOptions } from '../internal/options.js';

/** Hyperparameters of {@link gammaMargins}. */
export interface GammaMarginsOptions {
  /** Mean of the margins, positive (gamma_0). */
  readonly gamma: number;
  /** How strongly the margins are held together, positive; the authors use 3 to 20. */
  readonly tau: number;
  /** Number of steps of mirror descent, a whole number. Default 19, as in the authors' code. */
  readonly steps?: number;
}

/**
 * The target margins of gamma-PO: pairs that the policy separates well get a larger one, ambiguous pairs a smaller one.
 *
 *     margin = gamma * N * p      p minimizes tau * KL(p || uniform) + mean of -log sigmoid(gap - margin)
 *
 * by `steps` steps of mirror descent with the rate `min(1 / (2 * tau), 1)`, from the uniform distribution. The margins are
 * positive, and their mean is gamma. With SimPO, the margin is subtracted as it is; `offset` of {@link dpo} is the margin minus
 * gamma.
 *
 * The margins depend on all gaps: for a batch in parts, pass the gaps of all parts. The authors add gaps of earlier batches:
 * concatenate them, and take the margins of the batch.
 *
 * @param gaps - Gaps of the rewards of all pairs, beta times the margin of {@link simpo} or {@link dpo}, `[N]`.
 * @param options - See {@link GammaMarginsOptions}.
 * @returns The margins `[N]`, detached.
 * @throws RangeError if gaps is not of rank 1 or an option is outside its range.
 *
 * @example
 * ```ts
 * import { gammaMargins } from 'prefloss';
 * console.log(gammaMargins([2, 0, -2], { gamma: 0.5, tau: 3 }).map((x) => x.toFixed(4))); // [ '0.5329', '0.4957', '0.4715' ]
 * ```
 *
 * @see Sun et al., "Robust Preference Optimization via Dynamic Target Margins", 2025. https://arxiv.org/abs/2506.03690
 */
export function gammaMargins<T>(gaps: T, options: GammaMarginsOptions): T {
  const like = checkTensor('gammaMargins', 'gaps', gaps, { rank: 1 });
  const { gamma, tau, steps } = readOptions('gammaMargins', options, like, {
    gamma: number(positive),
    tau: number(positive),
    steps: number(wholeNumber, 19),
  });
  const count = like.shape[0]!;
  const rate = Math.min(0.5 / tau, 1);
  return detached(gaps, () => {
    const row = reshape<T>(gaps, [1, count]);
    let logP = sub(mul(row, 0), Math.log(count));
    const margins = () => mul(exp(logP), gamma * count);
    for (let step = 0; step < steps; step++) {
      const slope = mul(sigmoid(sub(margins(), row)), gamma);
      logP = logSoftmax(sub(mul(logP, 1 - rate * tau), mul(slope, rate)));
    }
    return reshape<T>(margins(), [count]);
  });
}
