import { logRatioMargin, ops, type PairLogps } from 'prefloss';

/** DPO with a squashed margin: a pair that is far apart is pushed no further. */
export default function cautiousDpo<T>(logps: PairLogps<T>): T {
  const beta = 0.1;
  return ops.scope(logps.policy.chosen, () => {
    const h = ops.mul(logRatioMargin(logps), beta);
    const squashed = ops.mul(ops.tanh(ops.div(h, 2)), 2);
    return ops.softplus(ops.neg(squashed)); // -log sigmoid(squashed)
  });
}
