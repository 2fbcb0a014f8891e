import { abs, add, div, greater, less, lessEqual, log, minimum, mul, neg, sqrt, square, sub, where } from '../backend/ops.js';
import type { Operand } from '../backend/types.js';

// Coefficients of the rational functions, by ascending powers.
const CENTRAL = [
  [3.387132872796366608, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125, 45921.953931549871457, 67265.770927008700853, 33430.575583588128105, 2509.0809287301226727],
  [1, 42.313330701600911252, 687.1870074920579083, 5394.1960214247511077, 21213.794301586595867, 39307.89580009271061, 28729.085735721942674, 5226.495278852854561],
] as const; // prettier-ignore
const TAIL = [
  [1.42343711074968357734, 4.6303378461565452959, 5.7694972214606914055, 3.64784832476320460504, 1.27045825245236838258, 0.24178072517745061177, 0.0227238449892691845833, 7.7454501427834140764e-4],
  [1, 2.05319162663775882187, 1.6763848301838038494, 0.68976733498510000455, 0.14810397642748007459, 0.0151986665636164571966, 5.475938084995344946e-4, 1.05075007164441684324e-9],
] as const; // prettier-ignore
const FAR_TAIL = [
  [6.6579046435011037772, 5.4637849111641143699, 1.7848265399172913358, 0.29656057182850489123, 0.026532189526576123093, 0.0012426609473880784386, 2.71155556874348757815e-5, 2.01033439929228813265e-7],
  [1, 0.59983220655588793769, 0.13692988092273580531, 0.0148753612908506148525, 7.868691311456132591e-4, 1.8463183175100546818e-5, 1.4215117583164458887e-7, 2.04426310338993978564e-15],
] as const; // prettier-ignore

/** A polynomial by Horner's rule. */
const polynomial = <T>(x: T, coefficients: readonly number[]): T =>
  coefficients.slice(0, -1).reduceRight<Operand<T>>((sum, c) => add(mul(x, sum), c), coefficients.at(-1)!) as T;

const rational = <T>(x: T, [over, under]: readonly [readonly number[], readonly number[]]): T =>
  div(polynomial(x, over), polynomial(x, under));

/**
 * The quantile function of the standard normal distribution: the x below which a share p in (0, 1) of it lies. Its relative error in
 * float64 is below 1e-15.
 *
 * Wichura, "Algorithm AS 241: The Percentage Points of the Normal Distribution", 1988: a rational function of `p - 1/2` up to 0.425 on
 * both sides, and of `sqrt(-log(smaller tail))` beyond. Its derivative may be NaN, because each function is computed everywhere.
 */
export function normalQuantile<T>(p: T): T {
  const offset = sub(p, 0.5);
  const central = mul(offset, rational(sub(0.180625, square(offset)), CENTRAL));
  const r = sqrt(neg(log(minimum(p, sub(1, p)))));
  const tail = where(greater(r, 5), rational(sub(r, 5), FAR_TAIL), rational(sub(r, 1.6), TAIL));
  return where(lessEqual(abs(offset), 0.425), central, where(less(offset, 0), neg(tail), tail));
}
