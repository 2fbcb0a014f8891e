import { describe, expect, it } from 'vitest';
import { implicitRewards, ops } from '../../src/index.js';
import { expectError, expectNoLeak, expectValues, isReadable, read, tensor, type X, described } from '../support/engine.js';
import { delta, pairLogps, sample } from '../support/samples.js';

const betas = [0.1, 0.5, 2];
const rewards = { chosen: [0.1, -0.625, 0], rejected: [-0.1, 1.25, 0] };

describe('implicitRewards', () => {
  it('are beta times the log-ratios', async () => {
    const { chosen, rejected } = implicitRewards<X>(pairLogps(), { beta: 0.5 });
    await expectValues(
      chosen,
      sample.policy.chosen.map((p, i) => 0.5 * (p - sample.reference.chosen[i]!)),
      8,
    );
    await expectValues(
      rejected,
      sample.policy.rejected.map((p, i) => 0.5 * (p - sample.reference.rejected[i]!)),
      8,
    );
    await expectValues(ops.mul(ops.sub(chosen, rejected), 2), delta, 8);
  });

  it('accept unpaired examples, with a default beta of 0.1', async () => {
    await expectValues(implicitRewards<X>({ policy: tensor([-1, -2]), reference: tensor([-3, -1]) }), [0.2, -0.1]);
  });

  it('accept a beta per pair or example', async () => {
    const beta = tensor(betas);
    const own = implicitRewards<X>(pairLogps(), { beta });
    await expectValues(own.chosen, rewards.chosen, 4);
    await expectValues(own.rejected, rewards.rejected, 4);
    const { policy, reference } = pairLogps();
    await expectValues(implicitRewards<X>({ policy: policy.chosen, reference: reference.chosen }, { beta }), rewards.chosen, 4);
  });

  it('leak nothing, and name bad input', () => {
    const x = pairLogps();
    expectNoLeak(() => implicitRewards(x), 2);
    const [one, two] = [tensor([1]), tensor([1, 2])];
    const { chosen } = x.policy;
    expectError(() => implicitRewards(x, { beta: NaN }), RangeError, 'implicitRewards: beta must be finite and > 0, got NaN');
    expectError(
      () => implicitRewards(x, { beta: two }),
      RangeError,
      'implicitRewards: beta has shape [2], expected [3] like policy.chosen',
    );
    expectError(
      () => implicitRewards({ policy: chosen, reference: chosen }, { beta: two }),
      RangeError,
      'implicitRewards: beta has shape [2], expected [3] like policy',
    );
    expectError(
      () => implicitRewards({ policy: chosen, reference: one }),
      RangeError,
      'implicitRewards: reference has shape [1], expected [3] like policy',
    );
    expectError(
      () => implicitRewards({ policy: x.policy, reference: one } as never),
      TypeError,
      `implicitRewards: reference is ${described}, expected { chosen, rejected }`,
    );
    expectError(
      () => implicitRewards({ policy: null, reference: one } as never),
      TypeError,
      'implicitRewards: policy is not a tensor: no registered engine owns null',
    );
    expectError(
      () => implicitRewards(undefined as never),
      TypeError,
      'implicitRewards: logps is undefined, expected { policy, reference }',
    );
    expectError(() => implicitRewards({} as never), TypeError, 'implicitRewards: logps lacks policy, expected { policy, reference }');
    expectError(() => implicitRewards(x, { alpha: 1 } as never), RangeError, 'implicitRewards: unknown option alpha, expected beta');
  });

  it.skipIf(isReadable)('are NaN for a beta that is not positive and finite where it cannot be read', async () => {
    const own = (await read(implicitRewards<X>(pairLogps(), { beta: tensor([Infinity, 0, 1]) }).chosen)) as number[];
    expect(own.map(Number.isNaN)).toEqual([true, true, false]);
  });
});
