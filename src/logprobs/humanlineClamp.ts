import type { OrPlain, ScalarOf } from '../backend/types.js';
import { add, clip, greater, scope, sub, where } from '../backend/ops.js';
import { checkOnlyFields, checkNumber, checkTensor } from '../internal/checks.js';
import { finite, type NumberDomain } from '../internal/domains.js';
import { number, readOptions } from '../internal/options.js';
import { checkMask, maskHolds, meanOfCounted } from '../masking/maskedReductions.js';

/** Token log-probs for {@link humanlineClamp}. */
export type HumanlineBatch<T> = {
  /** Under the model that is trained, in nats, `[B, T]`. */
  readonly policy: T;
  /** Under the model that it must stay close to, in nats, `[B, T]`. */
  readonly reference: OrPlain<NoInfer<T>>;
  /** 1 for the tokens of the completions, 0 for others, `[B, T]`. Only `unclamped` depends on it. */
  readonly mask: OrPlain<NoInfer<T>>;
};

/** Options of {@link humanlineClamp}. */
export interface HumanlineClampOptions {
  /** Smallest log-ratio of a token, in nats. Default -1. */
  readonly low?: number;
  /** Largest log-ratio of a token, in nats, above `low`. Default 1.5. */
  readonly high?: number;
}

/** Result of {@link humanlineClamp}. */
export type HumanlineClamped<T> = {
  /** Policy log-probs with their log-ratios clamped, `[B, T]`. */
  readonly policy: T;
  /** Share of the counted tokens whose log-ratio is strictly within the bounds, a detached scalar; 0 if no token counts. */
  readonly unclamped: ScalarOf<T>;
};

/**
 * Humanline clamping: token log-ratios are clamped before they are summed, modelling how people perceive probabilities.
 *
 *     policy = reference + clip(policy - reference, low, high)
 *
 * Sum the result with `sequenceLogProbs` and use it in any loss, with the same reference. The gradient with respect to a policy
 * log-prob is 1 within the bounds and 0 outside; with respect to a reference log-prob it is the opposite, 0 within and 1 outside.
 *
 * HALOs clamps the log-ratios themselves. Its share of unclamped tokens leaves out tokens whose log-ratio is 0, which are all
 * tokens at the first step; here the mask determines which tokens count.
 *
 * @param batch - See {@link HumanlineBatch}.
 * @param options - See {@link HumanlineClampOptions}.
 * @returns The clamped policy log-probs, and the share of tokens that were not clamped; see {@link HumanlineClamped}.
 * @throws RangeError if shapes differ, `low` is not below `high`, or the mask holds anything but 0 and 1; on WebGPU and WebGL, a
 *   token with such a mask and `unclamped` become NaN instead.
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
  checkOnlyFields('humanlineClamp', 'batch', batch, ['policy', 'reference', 'mask']);
  const { policy, reference, mask } = batch;
  const like = checkTensor('humanlineClamp', 'policy', policy, { rank: 2 });
  checkTensor('humanlineClamp', 'reference', reference, { like, orPlain: true });
  checkMask('humanlineClamp', mask, like);

  return scope(policy, () => {
    const ratios = sub(policy, reference);
    const clamped = add(clip(ratios, low, high), reference);
    const inside = where(greater(ratios, low), where(greater(high, ratios), 1, 0), 0);
    const holds = maskHolds(mask);
    return {
      policy: holds === undefined ? clamped : where(holds, clamped, NaN),
      unclamped: meanOfCounted(inside, mask) as ScalarOf<T>,
    };
  });
}

/** The range of `high` is checked once `low` is known. */
const anyNumber: NumberDomain = { words: 'a number', has: () => true };
