import { describe, it } from 'vitest';
import { cpo, pro } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectError, expectGradients, tensor, weight, type X } from '../support/engine.js';
import { expectSame } from '../support/expectSame.js';
import { lists, softmax } from '../support/listGradients.js';
import { describeMaskedCandidates } from '../support/maskedCandidates.js';
import { pair } from '../support/samples.js';

describe('pro', () => {
  itCosts('pro', 29);

  it('is cpo for two candidates, with the reward gap as beta', async () => {
    const [chosen, rejected] = [[-0.5, -1, -2], [-1, -0.25, -2]]; // prettier-ignore
    const policy = tensor(chosen.map((c, i) => [c, rejected[i]!]));
    const rewards = tensor(chosen.map(() => [3, 1]));
    await expectSame(pro<X>({ policy, rewards }), cpo(pair({ chosen, rejected }), { beta: 2 }));
  });

  it('has the gradient of its doc comment', async () => {
    const logps = [[-0.5, -1, -1.5], [-2, -0.5, -1]]; // prettier-ignore
    const { rewards } = lists;
    const slope = logps.map((row, n) => {
      const grads = row.map(() => 0);
      for (let k = 0; k < 2; k++) {
        const gaps = rewards[n]!.slice(k + 1).map((x) => rewards[n]![k]! - x);
        const temperatures = [Math.max(...gaps), ...gaps];
        const w = softmax(temperatures.map((t, i) => t * row[k + i]!));
        temperatures.forEach((t, i) => {
          grads[k + i]! += t * (i === 0 ? w[0]! - 1 : w[i]!);
        });
      }
      return grads.map((g) => weight(n) * g);
    });
    await expectGradients((p: X) => pro<X>({ policy: p, rewards: tensor(rewards) }), [logps], [slope]);
  });

  describeMaskedCandidates(pro<X>, ['policy', 'rewards']);

  it('has no options', () => {
    const x = { policy: tensor([[-1, -2]]), rewards: tensor([[2, 1]]) };
    expectError(() => pro(x, { beta: 1 } as never), RangeError, 'pro: unknown option beta, expected none');
  });
});
