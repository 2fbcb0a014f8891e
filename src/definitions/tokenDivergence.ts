import {
  abs,
  add,
  equal,
  exp,
  expm1,
  greater,
  log,
  log1p,
  maximum,
  minimum,
  mul,
  neg,
  stopGradient,
  sub,
  sum,
  where,
} from '../backend/ops.js';
import type { TokenDivergence } from '../backend/types.js';
import { logSoftmax } from '../internal/numerics.js';

/**
 * `tokenDivergence` in plain operations. Both arguments `[N, V]`, result `[N]`.
 *
 * Where a mean is over the policy, its log-ratios are detached: their own gradients add up to 0.
 */
export function tokenDivergenceDefinition<T>(policy: T, reference: T, divergence: TokenDivergence, weight: number): T {
  const [logP, logQ] = [logSoftmax(policy), stopGradient(logSoftmax(reference))];
  const [p, q] = [exp(logP), exp(logQ)];
  if (divergence === 'forwardKl') return mean(q, sub(logQ, logP));
  const ratio = stopGradient(sub(logP, logQ));
  if (divergence === 'reverseKl') return mean(p, ratio);
  const excess = excessOverMixture(ratio, weight);
  const [logQOverM, logPOverM] = [sub(excess, maximum(ratio, 0)), add(excess, minimum(ratio, 0))];
  return add(mul(mean(q, logQOverM), weight), mul(mean(p, logPOverM), 1 - weight));
}

/** Sum of the values times their probabilities. An impossible token adds 0, even if its value is not finite. */
const mean = <T>(probabilities: T, x: T): T => sum(mul(probabilities, where(equal(probabilities, 0), 0, x)), -1) as T;

/**
 * `log(max(p, q) / m)` with the mixture `m = weight q + (1 - weight) p`, from the ratio `log p - log q`. It is 0 where p and q are
 * equal, and finite where one of them is 0.
 */
function excessOverMixture<T>(ratio: T, weight: number): T {
  const weightOfLarger = where<T>(greater(ratio, 0), 1 - weight, weight);
  const weightOfSmaller = sub(1, weightOfLarger);
  const apart = neg(abs(ratio));
  const less = mul(weightOfSmaller, expm1(apart)); // m / max(p, q) - 1
  // The sum keeps the digits of a small weight.
  const sumForm = log(add(weightOfLarger, mul(weightOfSmaller, exp(apart))));
  return neg(where(greater(less, -0.5), log1p(less), sumForm));
}
