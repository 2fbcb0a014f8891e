// Gradients here are of the order of 1, and a running sum in float32 over a vocabulary can lose four digits.
const TOLERANCE = 1e-3;

/** The largest difference between two gradients; throws where they do not agree, since comparing their times would mean nothing. */
export function maxDifference(a: Float32Array, b: Float32Array): number {
  let largest = 0;
  let magnitude = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    if (!(difference <= largest)) largest = difference;
    magnitude = Math.max(magnitude, Math.abs(a[i]!));
  }
  if (!(largest <= TOLERANCE)) throw new Error(`the gradients differ by ${largest}, expected at most ${TOLERANCE}`);
  // A backend that only logs its errors leaves zeros behind.
  if (magnitude === 0) throw new Error('both gradients are 0 everywhere');
  return largest;
}
