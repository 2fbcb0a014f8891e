import { equal, exp, mul, stopGradient, sub, sum, where } from '../backend/ops.js';
import { logSoftmax } from '../internal/numerics.js';

/** `tokenKl` in plain operations. Both arguments `[N, V]`, result `[N]`. */
export function tokenKlDefinition<T>(policy: T, reference: T): T {
  const logQ = stopGradient(logSoftmax(reference));
  const q = exp(logQ);
  // A token that is impossible under the reference adds 0, even if it is also impossible under the policy: -Infinity minus itself is NaN.
  return sum(where(equal(q, 0), 0, mul(q, sub(logQ, logSoftmax(policy)))), -1) as T;
}
