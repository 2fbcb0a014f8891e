// A running sum in float32 over a vocabulary can lose four digits.
const TOLERANCE = 1e-3;

/**
 * The largest difference between two gradients, relative to their largest value. Throws if they disagree, because comparing
 * the times of different computations means nothing.
 */
export function gradientDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let largest = 0;
  let magnitude = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    if (!(difference <= largest)) largest = difference;
    magnitude = Math.max(magnitude, Math.abs(a[i]!));
  }
  // A backend that only logs its errors returns zeros.
  if (magnitude === 0) throw new Error('both gradients are 0 everywhere');
  const relative = largest / magnitude;
  if (!(relative <= TOLERANCE)) throw new Error(`the gradients differ by ${relative} of the largest value, expected at most ${TOLERANCE}`);
  return relative;
}

/** Throws if a route's value differs from the expected one. */
export function checkValue(route: string, value: number, expected: number): void {
  if (Math.abs(value - expected) <= TOLERANCE * Math.abs(expected)) return;
  throw new Error(`${route} returns ${value}, expected about ${expected}`);
}
