import { add, mul, scope, softplus } from '../backend/ops.js';
import type { OrPlain } from '../backend/types.js';
import { checkOnlyFields } from '../internal/checks.js';
import { labelsOf, lossSign } from '../logprobs/labelled.js';
import { checkPair, type Pair } from '../logprobs/pairs.js';
import { checkMask } from '../masking/maskedReductions.js';

/**
 * The classification term of a cost model in Safe RLHF, one value per pair: costs are positive for harmful completions and
 * negative for harmless ones.
 *
 *     sign = 1 where harmful, -1 where harmless      for each side
 *     term = -log sigmoid(sign.chosen * costs.chosen) - log sigmoid(sign.rejected * costs.rejected)
 *
 * It is `2 * ln 2` where both costs are 0. Its gradient with respect to `costs.chosen` is
 * `-sign.chosen * sigmoid(-sign.chosen * costs.chosen)`, likewise for `costs.rejected`. Add it to {@link bradleyTerry} of the same
 * costs, where the chosen side is the one that costs more.
 *
 * @param costs - The model's scalar costs of both completions, each `[B]`.
 * @param harmful - 1 for harmful completions, 0 for harmless ones, each `[B]`; floats, integers or booleans, tensors or plain lists.
 * @returns The terms `[B]`, at least 0.
 * @throws RangeError if shapes differ or a value of `harmful` is not 0 or 1. Where values cannot be read synchronously (WebGPU,
 *   WebGL), the term of such a pair is NaN.
 *
 * @example
 * ```ts
 * import { bradleyTerry, costTerm, ops } from 'prefloss';
 * const costs = { chosen: [2, -0.5], rejected: [-1, -1.5] };
 * const term = costTerm(costs, { chosen: [1, 0], rejected: [0, 0] });
 * console.log(ops.add(bradleyTerry(costs), term).map((x) => x.toFixed(7))); // [ '0.4887771', '0.9887519' ]
 * ```
 *
 * @see Dai et al., "Safe RLHF: Safe Reinforcement Learning from Human Feedback", 2023. https://arxiv.org/abs/2310.12773
 */
export function costTerm<T>(costs: Pair<T>, harmful: Pair<OrPlain<NoInfer<T>>>): T {
  const like = checkPair('costTerm', 'costs', costs, 'costs.');
  checkOnlyFields('costTerm', 'harmful', harmful, ['chosen', 'rejected']);
  checkMask('costTerm', harmful.chosen, like, 'harmful.chosen');
  checkMask('costTerm', harmful.rejected, like, 'harmful.rejected');
  const term = (cost: T, isHarmful: OrPlain<T>): T => softplus(mul(cost, lossSign(labelsOf(isHarmful))));
  return scope(costs.chosen, () => add(term(costs.chosen, harmful.chosen), term(costs.rejected, harmful.rejected)));
}
