import { describe, it } from 'vitest';
import { dpo, dpoGradientWeight } from '../../src/index.js';
import { expectError, expectGradients, expectNoLeak, expectValues, read, tensor, type X } from '../support/engine.js';
import { delta, pair, pairLogps, sample, sigmoid, weight } from '../support/samples.js';

describe('dpoGradientWeight', () => {
  it('is sigmoid(r_rejected - r_chosen)', async () => {
    await expectValues(
      dpoGradientWeight(pairLogps(), { beta: 0.5 }),
      delta.map((d) => sigmoid(-0.5 * d)),
    );
  });

  it('is 1/2 where policy and reference agree, and -beta times it is the gradient of dpo', async () => {
    await expectValues(dpoGradientWeight({ policy: pair(sample.policy), reference: pair(sample.policy) }), [0.5, 0.5, 0.5]);
    const f = (chosen: X) => dpo<X>({ policy: { chosen, rejected: tensor(sample.policy.rejected) }, reference: pair(sample.reference) });
    const w = (await read(dpoGradientWeight(pairLogps()))) as number[];
    await expectGradients(f, [sample.policy.chosen], [w.map((v, i) => -0.1 * v * weight(i))]);
  });

  it('leaks nothing, and names bad input', () => {
    const x = pairLogps();
    expectNoLeak(() => dpoGradientWeight(x));
    expectError(() => dpoGradientWeight(x, { beta: 0 }), RangeError, 'dpoGradientWeight: beta must be finite and > 0, got 0');
    expectError(
      () => dpoGradientWeight({} as never),
      TypeError,
      'dpoGradientWeight: logps lacks policy, expected { policy: { chosen, rejected }, reference: { chosen, rejected } }',
    );
    expectError(() => dpoGradientWeight(x, { gamma: 1 } as never), RangeError, 'dpoGradientWeight: unknown option gamma, expected beta');
  });

  it('takes a beta per pair', async () => {
    const betas = [0.1, 0.5, 2];
    const rewards = { chosen: [0.1, -0.625, 0], rejected: [-0.1, 1.25, 0] };
    await expectValues(
      dpoGradientWeight<X>(pairLogps(), { beta: tensor(betas) }),
      rewards.chosen.map((r, i) => sigmoid(rewards.rejected[i]! - r)),
      4,
    );
    const [x, two] = [pairLogps(), tensor([1, 2])];
    expectError(() => dpoGradientWeight(x, { beta: two }), RangeError, 'dpoGradientWeight: beta has shape [2], expected [3] like policy.chosen'); // prettier-ignore
  });
});
