import { ops, type Pair } from 'prefloss';

/** What the loss takes: chosen and rejected log-probs per token, without a reference. */
export const kind = 'referenceFreePairs';

/** A logistic loss whose weight falls as a pair is learned. */
export default function focalPairs<T>({ chosen, rejected }: Pair<T>): T {
  const beta = 2;
  return ops.scope(chosen, () => {
    const h = ops.mul(ops.sub(chosen, rejected), beta);
    const weight = ops.square(ops.sigmoid(ops.neg(h)));
    return ops.mul(weight, ops.softplus(ops.neg(h)));
  });
}
