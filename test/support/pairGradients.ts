import { expectGradients, weight, type X } from './engine.js';
import { fromFour } from './samples.js';

// Gradients of pair losses as their doc comments state them, with a different weight for each pair.

/** Log-probs of policy chosen, policy rejected, reference chosen, reference rejected. No log-ratio is 0, because dpop has a kink there. */
export const four = [[-10, -31.5, -7], [-12, -30, -9.5], [-11, -30.25, -7.25], [-11, -32.5, -9]]; // prettier-ignore
const [chosen, rejected] = [0, 1].map((side) => four[side]!.map((p, i) => p - four[side + 2]![i]!)) as [number[], number[]];

/** A partial derivative of the loss of pair i, from the log-ratios of its chosen (w) and rejected (l) side and their difference (d). */
export type Slope = (rho: { readonly w: number; readonly l: number; readonly d: number }, i: number) => number;

/** The gradient of the weighted sum of losses, from the derivative of each loss. */
export const along = (slope: Slope): number[] =>
  chosen.map((w, i) => weight(i) * slope({ w, l: rejected[i]!, d: four[0]![i]! - four[2]![i]! - (four[1]![i]! - four[3]![i]!) }, i));

export const minus = (g: readonly number[]): number[] => g.map((v) => -v);

/** Asserts the gradients of a pair loss with respect to all four inputs; the reference's are the opposite of the policy's. */
export async function expectPairGradients(f: (logps: X) => X, ofChosen: Slope, ofRejected: Slope): Promise<void> {
  const [w, l] = [along(ofChosen), along(ofRejected)];
  await expectGradients((p: X, q: X, r: X, s: X) => f(fromFour(p, q, r, s)), four, [w, l, minus(w), minus(l)]);
}

const free = [[-0.5, -1.25, -3], [-1, -0.75, -3]] as const; // prettier-ignore

/** A partial derivative of a loss without a reference, from the log-probs of both sides. */
type FreeSlope = (chosen: number, rejected: number) => number;

/** Asserts the gradients of a pair loss without a reference. */
export async function expectFreeGradients(
  f: (logps: X) => X,
  ofChosen: FreeSlope,
  ofRejected: FreeSlope,
  [w, l]: readonly [readonly number[], readonly number[]] = free,
): Promise<void> {
  const per = (slope: FreeSlope): number[] => w.map((x, i) => weight(i) * slope(x, l[i]!));
  await expectGradients((x: X, y: X) => f({ chosen: x, rejected: y }), [w, l] as number[][], [per(ofChosen), per(ofRejected)]);
}
