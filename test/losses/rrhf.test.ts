import { describe, it } from 'vitest';
import { rrhf } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectError, expectGradients, expectValues, tensor, weight, type X } from '../support/engine.js';
import { lists } from '../support/listGradients.js';
import { describeMaskedCandidates } from '../support/maskedCandidates.js';

describe('rrhf', () => {
  itCosts('rrhf', 10);

  it('is a hinge for two candidates', async () => {
    const [chosen, rejected] = [[-0.5, -1, -2], [-1, -0.25, -2]]; // prettier-ignore
    const policy = tensor(chosen.map((c, i) => [c, rejected[i]!]));
    const rewards = tensor(chosen.map(() => [3, 1]));
    await expectValues(rrhf<X>({ policy, rewards }), [0, 0.75, 0]);
  });

  it('ignores pairs of equal rewards', async () => {
    await expectValues(rrhf<X>({ policy: tensor([[-0.5, -1, -2]]), rewards: tensor([[1, 1, 1]]) }), [0]);
  });

  it('has the gradient of its doc comment', async () => {
    const logps = [[-0.5, -1, -1.5], [-2, -0.5, -1]]; // prettier-ignore
    const counts = [[0, 0, 0], [-2, 1, 1]].map((row, n) => row.map((g) => weight(n) * g)); // prettier-ignore
    await expectGradients((p: X) => rrhf<X>({ policy: p, rewards: tensor(lists.rewards) }), [logps], [counts]);
  });

  it('is NaN for a list with a NaN reward, of which other lists know nothing', async () => {
    const policy = tensor([[-0.5, -1, -2], [-1, -0.5, -2]]); // prettier-ignore
    const rewards = tensor([[2, NaN, 0], [2, 1, 0]]); // prettier-ignore
    await expectValues(rrhf<X>({ policy, rewards }), [NaN, 0.5]);
  });

  describeMaskedCandidates(rrhf<X>, ['policy', 'rewards']);

  it('has no options', () => {
    const x = { policy: tensor([[-1, -2]]), rewards: tensor([[2, 1]]) };
    expectError(() => rrhf(x, { beta: 1 } as never), RangeError, 'rrhf: unknown option beta, expected none');
  });
});
