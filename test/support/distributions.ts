import type { TokenDivergence } from '../../src/backend/types.js';

/** A row of logits. */
export type Row = readonly number[];

const total = (x: Row): number => x.reduce((a, b) => a + b, 0);
/** Largest value. Not `Math.max(...x)`, because a row can be longer than the argument limit of a call. */
const largestOf = (x: Row): number => x.reduce((a, b) => Math.max(a, b), -Infinity);
/** `a log b`, and 0 if a is 0. */
const xlogy = (a: number, b: number): number => (a === 0 ? 0 : a * Math.log(b));

/** Probabilities in float64. */
export function softmax(x: Row): number[] {
  const largest = largestOf(x);
  const powers = x.map((v) => Math.exp(v - largest));
  const sum = total(powers);
  return powers.map((v) => v / sum);
}

/** Log-probabilities in float64, finite even if a probability rounds to 0. */
export function logSoftmax(x: Row): number[] {
  const largest = largestOf(x);
  const normalizer = largest + Math.log(total(x.map((v) => Math.exp(v - largest))));
  return x.map((v) => v - normalizer);
}

/** Statistics that `tokenStats` returns, in its order. */
export const STATS = ['logps', 'entropy', 'correct', 'meanLogit', 'logSumSquares'] as const;

/** Expected statistics of one row of logits, in float64. */
export function statsOf(x: Row, label: number): Record<(typeof STATS)[number], number> {
  const p = softmax(x);
  const largest = largestOf(x);
  return {
    logps: logSoftmax(x)[label]!,
    entropy: -total(p.map((v) => xlogy(v, v))),
    correct: Number(x.indexOf(largest) === label),
    meanLogit: total(x) / x.length,
    logSumSquares: Math.log(total(p.map((v) => v * v))),
  };
}

/** KL(softmax(reference) || softmax(policy)) in float64. */
export const klOf = (policy: Row, reference: Row): number => klBetween(softmax(reference), softmax(policy));

/** KL(a || b) of two distributions. */
const klBetween = (a: Row, b: Row): number => total(a.map((x, v) => (x === 0 ? 0 : x * Math.log(x / b[v]!))));

/** A divergence of `tokenDivergence` and its gradient with respect to the logits of the policy, in float64. */
export function divergenceOf(
  policy: Row,
  reference: Row,
  divergence: TokenDivergence,
  weight: number,
): { value: number; gradient: number[] } {
  const [p, q] = [softmax(policy), softmax(reference)];
  const m = p.map((x, v) => weight * q[v]! + (1 - weight) * x);
  const meanGradient = (b: Row, scale: number): number[] =>
    p.map((x, v) => (x === 0 ? 0 : scale * x * (Math.log(x / b[v]!) - klBetween(p, b))));
  return {
    forwardKl: () => ({ value: klBetween(q, p), gradient: p.map((x, v) => x - q[v]!) }),
    reverseKl: () => ({ value: klBetween(p, q), gradient: meanGradient(q, 1) }),
    jensenShannon: () => ({ value: weight * klBetween(q, m) + (1 - weight) * klBetween(p, m), gradient: meanGradient(m, 1 - weight) }),
  }[divergence]();
}
