import { ops } from '../../src/index.js';
import { expectClose, type Values } from '../../src/testing/index.js';
import { derivatives, epsilon, flatten, tensor, weight, type X } from './engine.js';

/** Five unpaired examples. */
export const rows = { policy: [-10, -12, -9, -20, -7], reference: [-11, -11, -10, -18, -7.5], desirable: [1, 0, 1, 0, 1] };

export const logps = (policy: number[], reference: number[]) => ({ policy: tensor(policy), reference: tensor(reference) });

export const labelled = (policy: number[], reference: number[], desirable: number[]) => ({
  ...logps(policy, reference),
  desirable: tensor(desirable),
});

/** Splits a batch into the rows before `at` and the others. */
export function parts<R extends Record<string, number[]>>(batch: R, at: number): [R, R] {
  const cut = (from: number, to?: number): R => Object.fromEntries(Object.entries(batch).map(([k, v]) => [k, v.slice(from, to)])) as R;
  return [cut(0, at), cut(at)];
}

/** Asserts that losses and gradients of the whole batch equal those of two parts that are computed separately. */
export async function expectWholeIsParts(loss: (batch: X) => X): Promise<void> {
  const run = async ({ policy, reference, desirable }: typeof rows) => {
    const f = (p: X): X => ops.sum<X>(loss({ policy: p, reference: tensor(reference), desirable: tensor(desirable) }));
    const { value, grads } = await derivatives(f, [policy]);
    return { value: value / weight(0), grads: flatten(grads[0] as Values).map((g) => g / weight(0)) };
  };
  const whole = await run(rows);
  const [first, second] = await Promise.all(parts(rows, 2).map(run));
  const largest = Math.max(...whole.grads.map(Math.abs));
  expectClose(first!.value + second!.value, whole.value, { relative: 4 * epsilon });
  expectClose([...first!.grads, ...second!.grads], whole.grads, { absolute: Math.max(8 * epsilon, 1e-9) * largest });
}
