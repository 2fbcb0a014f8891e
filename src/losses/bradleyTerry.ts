import { add, mul, scope, square, sub } from '../backend/ops.js';
import type { Operand } from '../backend/types.js';
import { finite, notNegative } from '../internal/domains.js';
import { number, perExample, readOptions } from '../internal/options.js';
import { logistic } from '../internal/numerics.js';
import { checkPair, type Pair } from '../logprobs/pairs.js';

/** Hyperparameters of {@link bradleyTerry}. */
export interface BradleyTerryOptions<T> {
  /** Margin that the chosen reward must win by; a number, a scalar, or one per pair `[B]`. Default 0. */
  readonly margin?: Operand<T>;
  /** Factor on the preference term, at least 0, e.g. the strength of the preference; a number, a scalar, or one per pair `[B]`. Default 1. */
  readonly scale?: Operand<T>;
  /** Weight of the term that pulls the sum of the two rewards to 0, at least 0. Default 0. */
  readonly centering?: number;
}

/**
 * Bradley-Terry loss of a reward model, one value per preference pair.
 *
 *     loss = -scale * log sigmoid(chosen - rejected - margin) + centering * (chosen + rejected)^2
 *
 * It is `scale * ln 2` where the rewards are equal, with margin and centering 0. Its gradient with respect to `chosen` is
 * `-scale * sigmoid(rejected + margin - chosen) + 2 * centering * (chosen + rejected)`; with respect to `rejected`, the first
 * term has the opposite sign.
 *
 * @param rewards - The model's scalar rewards of both completions, each `[B]`.
 * @param options - See {@link BradleyTerryOptions}.
 * @returns The losses `[B]`, at least 0.
 * @throws RangeError if shapes differ or an option is outside its range.
 *
 * @example
 * ```ts
 * import { bradleyTerry } from 'prefloss';
 * console.log(bradleyTerry({ chosen: [1], rejected: [0] })[0]!.toFixed(7)); // 0.3132617
 * ```
 *
 * @see Ouyang et al., "Training language models to follow instructions with human feedback", 2022, eq. 1. https://arxiv.org/abs/2203.02155
 * @see Touvron et al., "Llama 2", 2023, eq. 2 (margin). https://arxiv.org/abs/2307.09288
 * @see Wang et al., "HelpSteer2-Preference: Complementing Ratings with Preferences", 2024 (scale). https://arxiv.org/abs/2410.01257
 * @see Eisenstein et al., "Helping or Herding?", 2023 (centering). https://arxiv.org/abs/2312.09244
 */
export function bradleyTerry<T>(rewards: Pair<T>, options: BradleyTerryOptions<T> = {}): T {
  const like = checkPair('bradleyTerry', 'rewards', rewards);
  const { chosen, rejected } = rewards;
  return scope(chosen, () => {
    const { margin, scale, centering } = readOptions('bradleyTerry', options, like, {
      margin: perExample(finite, 0),
      scale: perExample(notNegative, 1),
      centering: number(notNegative, 0),
    });
    const gap = sub(chosen, rejected);
    const preference = logistic(margin === 0 ? gap : sub(gap, margin));
    const loss = scale === 1 ? preference : mul(preference, scale);
    return centering === 0 ? loss : add(loss, mul(square(add(chosen, rejected)), centering));
  });
}
