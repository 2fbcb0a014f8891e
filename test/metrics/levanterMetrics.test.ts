import { describe, it } from 'vitest';
import { levanterMetrics, readMetrics } from '../../src/index.js';
import { expectError, expectNoLeak, tensor, type X } from '../support/engine.js';
import { delta, pairLogps, sample, softplus } from '../support/samples.js';
import { expectClose } from '../../src/testing/index.js';
import { expectMetrics, mean, rewards } from '../support/metrics.js';

describe('levanterMetrics', () => {
  it("has Levanter's names and definitions", async () => {
    const margin = (side: typeof sample.policy) => mean(side.chosen.map((c, i) => c - side.rejected[i]!));
    expectMetrics(await readMetrics(levanterMetrics<X>(pairLogps(), { beta: 0.5 })), {
      dpo_loss: mean(delta.map((d) => softplus(-0.5 * d))),
      dpo_margin_policy: margin(sample.policy),
      dpo_margin_ref: margin(sample.reference),
      dpo_accuracy: 1 / 3,
      dpo_chosen_reward: mean(rewards('chosen', 0.5)),
      dpo_rejected_reward: mean(rewards('rejected', 0.5)),
    });
  });

  it('accepts a beta per pair', async () => {
    const rewards = { chosen: [0.1, -0.625, 0], rejected: [-0.1, 1.25, 0] };
    const metrics = await readMetrics(levanterMetrics<X>(pairLogps(), { beta: tensor([0.1, 0.5, 2]) }));
    expectClose(metrics.dpo_chosen_reward!, mean(rewards.chosen), { relative: 1e-5 });
    expectClose(metrics.dpo_loss!, mean(rewards.chosen.map((r, i) => softplus(rewards.rejected[i]! - r))), { relative: 1e-5 });
  });

  it('leaks nothing, and names bad input', () => {
    const x = pairLogps();
    expectNoLeak(() => levanterMetrics(x), 6);
    const two = tensor([1, 2]);
    expectError(
      () => levanterMetrics(x, { beta: two }),
      RangeError,
      'levanterMetrics: beta has shape [2], expected [3] like policy.chosen',
    );
    expectError(
      () => levanterMetrics(x, { temperature: 1 } as never),
      RangeError,
      'levanterMetrics: unknown option temperature, expected beta',
    );
    expectError(() => levanterMetrics(x, { beta: -1 }), RangeError, 'levanterMetrics: beta must be finite and > 0, got -1');
    expectError(
      () => levanterMetrics({ policy: x.policy } as never),
      TypeError,
      'levanterMetrics: logps lacks reference, expected { policy: { chosen, rejected }, reference: { chosen, rejected } }',
    );
  });
});
