import { expectError, expectGradients, tensor, weight, type X } from './engine.js';

const policy = [-10, -12, -8];
const reference = [-11, -11, -10];
const desirable = [1, 0, 0];

/** Class weights that `expectLabelledGradients` expects `loss` to use. */
export const weights = { desirableWeight: 2, undesirableWeight: 0.5 };

/**
 * Asserts the gradient of a loss of unpaired examples with respect to the policy.
 *
 * @param loss - The loss with `weights`.
 * @param beta - Its beta.
 * @param ofDesirable - Unweighted gradient of a desirable example, from beta times its log-ratio.
 * @param ofUndesirable - The same for an undesirable example.
 */
export async function expectLabelledGradients(
  loss: (batch: X) => X,
  beta: number,
  ofDesirable: (r: number) => number,
  ofUndesirable: (r: number) => number,
): Promise<void> {
  const expected = policy.map((p, i) => {
    const r = beta * (p - reference[i]!);
    return weight(i) * (desirable[i] === 1 ? 2 * ofDesirable(r) : 0.5 * ofUndesirable(r));
  });
  const f = (p: X): X => loss({ policy: p, reference: tensor(reference), desirable: tensor(desirable) });
  await expectGradients(f, [policy], [expected]);
}

/** Asserts that a loss of unpaired examples rejects negative weights. */
export function expectWeightErrors(name: string, loss: (batch: X, options: X) => X): void {
  const batch = { policy: tensor([-1, -2]), reference: tensor([-1, -2]), desirable: tensor([1, 0]) };
  for (const option of ['desirableWeight', 'undesirableWeight']) {
    expectError(() => loss(batch, { [option]: -1 }), RangeError, `${name}: ${option} must be finite and >= 0, got -1`);
  }
}

/** A batch of one desirable and one undesirable example. */
export const oneEach = () => ({ policy: tensor([-10, -12]), reference: tensor([-11, -11]), desirable: tensor([1, 0]) });

/** The examples of `oneEach` as a pair. */
export const asPair = () => ({
  policy: { chosen: tensor([-10]), rejected: tensor([-12]) },
  reference: { chosen: tensor([-11]), rejected: tensor([-11]) },
});
