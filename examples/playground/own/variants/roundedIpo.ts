import { logRatioMargin, ops, type PairLogps } from 'prefloss';

/** IPO whose gradient is bounded: a parabola near its target, a line far from it. */
export default function roundedIpo<T>(logps: PairLogps<T>): T {
  const beta = 0.1;
  return ops.scope(logps.policy.chosen, () => {
    const distance = ops.sub(logRatioMargin(logps), 1 / (2 * beta));
    return ops.sub(ops.sqrt(ops.add(ops.square(distance), 1)), 1);
  });
}
