import type { ScalarOf } from '../backend/types.js';
import { add, clip, greater, scope, sub, where } from '../backend/ops.js';
import { checkFields, checkNumber, checkTensor } from '../internal/checks.js';
import { finite, type NumberDomain } from '../internal/domains.js';
import { number, readOptions } from '../internal/options.js';
import { checkMask, maskHolds, meanOfCounted } from '../masking/maskedReductions.js';

/** Token log-probs for {@link humanlineClamp}. */
export interface HumanlineBatch<T> {
  /** Under the model that is trained, in nats, `[B, T]`. */
  readonly policy: T;
  /** Under the model that it must stay close to, in nats, `[B, T]`. */
  readonly reference: T;
  /** 1 for the tokens of the completions, `[B, T]`. */
  readonly mask: T;
}

/** Options of {@link humanlineClamp}. */
export interface HumanlineClampOptions {
  /** Smallest log-ratio of a token, in nats. Default -1. */
  readonly low?: number;
  /** Largest log-ratio of a token, in nats, above `low`. Default 1.5. */
  readonly high?: number;
}

/** What {@link humanlineClamp} gives. */
export interface HumanlineClamped<T> {
  /** Log-probs whose log-ratios lie within the bounds, `[B, T]`. */
  readonly policy: T;
  /** Share of the counted tokens that were strictly within the bounds, a scalar, detached. */
  readonly unclamped: ScalarOf<T>;
}

/**
 * Humanline clamping: token log-ratios are cut off before they are summed, as people do not perceive extreme ones.
 *
 *     policy = reference + clip(policy - reference, low, high)
 *
 * The result goes through `sequenceLogProbs` and into any loss with that reference. The gradient with respect to a token
 * is 1 within the bounds and 0 outside of them. HALOs clamps the log-ratios themselves, and counts as tokens those whose
 * log-ratio is not 0, which is none at the first step; here the mask says what counts.
 *
 * @param batch - See {@link HumanlineBatch}.
 * @param options - See {@link HumanlineClampOptions}.
 * @returns The clamped log-probs, and the share of tokens that were not touched.
 * @throws RangeError if shapes differ, `low` is not below `high`, or the mask holds anything but 0 and 1; where it cannot
 *   be read, that token becomes NaN.
 *
 * @example
 * ```ts
 * import { humanlineClamp } from 'prefloss';
 * const { policy, unclamped } = humanlineClamp({ policy: [[-1, -4, -3]], reference: [[-1.5, -2, -6]], mask: [[1, 1, 1]] });
 * console.log(policy[0], unclamped.toFixed(4)); // -1,-3,-4.5 0.3333
 * ```
 *
 * @see Liu, Muennighoff and Ethayarajh, "Humanline: Online Alignment as Perceptual Loss", 2025. https://arxiv.org/abs/2509.24207
 */
export function humanlineClamp<T>(batch: HumanlineBatch<T>, options: HumanlineClampOptions = {}): HumanlineClamped<T> {
  const { low, high } = readOptions('humanlineClamp', options, undefined, { low: number(finite, -1), high: number(anyNumber, 1.5) });
  checkNumber('humanlineClamp', 'high', high, { words: `finite and > low (${low})`, has: (v) => v > low && Number.isFinite(v) });
  checkFields('humanlineClamp', 'batch', batch, ['policy', 'reference', 'mask']);
  const { policy, reference, mask } = batch;
  const like = checkTensor('humanlineClamp', 'policy', policy, { rank: 2 });
  checkTensor('humanlineClamp', 'reference', reference, { like });
  checkMask('humanlineClamp', mask, like);

  return scope(policy, () => {
    const ratios = sub(policy, reference);
    const clamped = add(reference, clip(ratios, low, high));
    const inside = where(greater(ratios, low), where(greater(high, ratios), 1, 0), 0);
    const holds = maskHolds(mask);
    return {
      policy: holds === undefined ? clamped : where(holds, clamped, NaN),
      unclamped: meanOfCounted(inside, mask) as ScalarOf<T>,
    };
  });
}

/** What `high` may be is checked once `low` is known. */
const anyNumber: NumberDomain = { words: 'a number', has: () => true };
