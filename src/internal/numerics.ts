import { expm1, greater, log, neg, stopGradient, sub, where } from '../backend/ops.js';

/**
 * `log(1 - e^x)` for `x <= 0`: the log-probability of everything but an event of log-probability x.
 *
 *     log1mexp(x) = log(-expm1(x))      d/dx = e^x / expm1(x) = -1 / expm1(-x)
 *
 * `-expm1(x)` does not cancel near 0, where `1 - e^x` is 0 from x = -3e-8 on in float32. The absolute error stays at
 * rounding level for every x; the relative error of the value, not of the gradient, grows below x = -16, where the value
 * is under 1e-7.
 *
 * At 0 the value is -Infinity and its slope too. Arguments above -1e-30 (a log-probability of 0, or one that rounding
 * made positive) count as -1e-30, in value and in gradient: -69.08 and -1e30, which float32 still holds when it
 * is multiplied with a weight.
 */
export function log1mexp<T>(x: T): T {
  // 0 with a slope of 1, so that a clamped argument still passes its gradient on.
  const still = sub<T>(x, stopGradient(x));
  const clamped = where<T>(greater<T>(x, -1e-30), sub<T>(still, 1e-30), x);
  return log(neg(expm1(clamped)));
}
