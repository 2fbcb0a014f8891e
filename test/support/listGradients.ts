import { expectGradients, tensor, weight, type X } from './engine.js';

// Gradients of list losses as their doc comments state them, with a different weight for each list.

/** Log-probs and rewards of two lists of three candidates. */
export const lists = {
  policy: [[-10, -12, -13], [-21, -19, -25]],
  reference: [[-11, -11, -11], [-20, -20, -20]],
  rewards: [[2, 1, 0], [5, 4.5, 1]],
}; // prettier-ignore

/** The beta of `expectListGradients`. */
export const beta = 0.3;

export function softmax(row: readonly number[]): number[] {
  const total = row.reduce((sum, x) => sum + Math.exp(x), 0);
  return row.map((x) => Math.exp(x) / total);
}

/** The softmax of the rewards of list i at temperature 2. */
export const target = (i: number): number[] => softmax(lists.rewards[i]!.map((x) => x / 2));

/** Asserts the gradient with respect to the policy. `slope` returns it for one list, from beta times the log-ratios. */
export async function expectListGradients(
  f: (lists: X) => X,
  slope: (row: number[], i: number) => number[],
  more: object = {},
): Promise<void> {
  const rows = lists.policy.map((row, i) => row.map((p, k) => beta * (p - lists.reference[i]![k]!)));
  const expected = rows.map((row, i) => slope(row, i).map((g) => weight(i) * g));
  await expectGradients((p: X) => f({ policy: p, reference: tensor(lists.reference), ...more }), [lists.policy], [expected]);
}

/** The rewards of the lists. */
export const rewarded = () => ({ rewards: tensor(lists.rewards) });
