import { logRatioMargin, ops, type PairLogps } from 'prefloss';

/** DPO that also keeps the chosen side at least as likely as under the reference. */
export default function anchoredDpo<T>(logps: PairLogps<T>): T {
  const [beta, weight] = [0.1, 0.05];
  return ops.scope(logps.policy.chosen, () => {
    const h = ops.mul(logRatioMargin(logps), beta);
    const lost = ops.relu(ops.sub(logps.reference.chosen, logps.policy.chosen));
    return ops.add(ops.softplus(ops.neg(h)), ops.mul(lost, weight));
  });
}
