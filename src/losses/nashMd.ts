import { mul, scope, stopGradient, sub } from '../backend/ops.js';
import type { OrPlain, Reduced } from '../backend/types.js';
import { checkOnlyFields, checkTensor, perRow } from '../internal/checks.js';
import { notNegative, probability } from '../internal/domains.js';
import { number, perExample, readOptions } from '../internal/options.js';
import { checkMask, sumOfCounted } from '../masking/maskedReductions.js';

/** Token log-probs of completions that the policy sampled, for {@link nashMd}. */
export type NashMdBatch<T> = {
  /** Token log-probs under the trained model, in nats, `[B, T]`. */
  readonly policy: T;
  /** Token log-probs under the reference, in nats, `[B, T]`. */
  readonly reference: OrPlain<NoInfer<T>>;
  /** 1 for completion tokens, `[B, T]`. */
  readonly mask: OrPlain<NoInfer<T>>;
};

/** Hyperparameters of {@link nashMd}. */
export interface NashMdOptions<T> {
  /** Weight of the KL penalty, at least 0. Default 0.1. */
  readonly beta?: number;
  /**
   * Probability that the completion is preferred to a sample of the mixture of policy and reference, in [0, 1]; a number, a
   * scalar, or one per completion `[B]`.
   */
  readonly preference: number | Reduced<T>;
}

/**
 * Nash-MD (Nash learning from human feedback by mirror descent), one value per completion sampled from the policy: a policy
 * gradient whose reward is the preference over a sample of the mixture of policy and reference.
 *
 *     loss = beta * sum over t of sg(policy_t - reference_t) * policy_t - (preference - 1/2) * sum over t of policy_t
 *
 * over the counted tokens, where `sg` stops the gradient. Only its gradient is meaningful, not its value: the gradient with
 * respect to `policy_t` is `beta * (policy_t - reference_t) - (preference - 1/2)`. No gradient reaches the reference.
 *
 * @param batch - See {@link NashMdBatch}.
 * @param options - See {@link NashMdOptions}.
 * @returns The losses `[B]`, of either sign; 0 for a row without counted tokens.
 * @throws RangeError if shapes differ, an option is outside its range, or the mask holds anything but 0 and 1. Where
 *   values cannot be read synchronously (WebGPU, WebGL), the loss of such a row is NaN.
 *
 * @example
 * ```ts
 * import { nashMd } from 'prefloss';
 * const batch = { policy: [[-1, -2]], reference: [[-1.5, -1]], mask: [[1, 1]] };
 * console.log(nashMd(batch, { preference: 0.75 })[0]!.toFixed(4)); // 0.9000
 * ```
 *
 * @see Munos et al., "Nash Learning from Human Feedback", 2023. https://arxiv.org/abs/2312.00886
 */
export function nashMd<T>(batch: NashMdBatch<T>, options: NashMdOptions<T>): Reduced<T> {
  checkOnlyFields('nashMd', 'batch', batch, ['policy', 'reference', 'mask']);
  const { policy, reference, mask } = batch;
  const like = checkTensor('nashMd', 'policy', policy, { rank: 2 });
  checkTensor('nashMd', 'reference', reference, { like, orPlain: true });
  checkMask('nashMd', mask, like);
  const rows = perRow(like);
  return scope(policy, () => {
    const { beta, preference } = readOptions('nashMd', options, rows, {
      beta: number(notNegative, 0.1),
      preference: perExample(probability),
    });
    const penalty = mul(stopGradient(sub(policy, reference)), policy);
    const reward = mul(sumOfCounted(policy, mask, -1) as Reduced<T>, sub(preference, 0.5));
    return sub(mul(sumOfCounted(penalty, mask, -1) as Reduced<T>, beta), reward);
  });
}
