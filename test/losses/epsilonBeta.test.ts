import { describe, it } from 'vitest';
import { epsilonBeta, ops } from '../../src/index.js';
import { expectClose } from '../../src/testing/index.js';
import { expectError, expectGradients, expectNoLeak, expectValues, read, tensor, type X } from '../support/engine.js';
import { weight } from '../support/samples.js';

// Wider, narrower, wider on both sides, and equal on one side or the other.
const margins = { policy: [1, 1, 1, 1, 1, 1, 1], away: [2, 0, 2, 1, 2, 1, 0], towards: [0, 2, 2, 0, 1, 2, 1] };
const tensors = () => ({ policy: tensor(margins.policy), away: tensor(margins.away), towards: tensor(margins.towards) });

describe('epsilonBeta', () => {
  it('divides beta by 1 + epsilon where a step away widens the margin and one towards narrows it, and the other way round', async () => {
    await expectValues(epsilonBeta<X>(tensors(), { beta: 0.5, epsilon: 0.25 }), [0.4, 0.5 / 0.75, 0.5, 0.5, 0.5, 0.5, 0.5]);
    await expectValues(epsilonBeta<X>(tensors()), [0.1 / 1.01, 0.1 / 0.99, 0.1, 0.1, 0.1, 0.1, 0.1]);
    await expectValues(
      epsilonBeta<X>({ ...tensors(), away: margins.away }, { epsilon: 0 }),
      margins.policy.map(() => 0.1),
    );
  });

  it('is NaN where a margin is NaN', async () => {
    const at = (i: number): number[] => [0, 1, 2, 3].map((k) => (k === i ? NaN : 1));
    const betas = await read(epsilonBeta<X>({ policy: tensor(at(0)), away: tensor(at(1)), towards: at(2) }));
    expectClose(betas as number[], [NaN, NaN, NaN, 0.1]);
  });

  it('is detached', async () => {
    const f = (policy: X, away: X, towards: X) => ops.mul<X>(policy, epsilonBeta<X>({ policy, away, towards }, { beta: 0.5, epsilon: 0 }));
    const [half, none] = [margins.policy.map((_, i) => 0.5 * weight(i)), margins.policy.map(() => 0)];
    await expectGradients(f, [margins.policy, margins.away, margins.towards], [half, none, none]);
  });

  it('leaks nothing, and names bad input', () => {
    const [x, two] = [tensors(), tensor([1, 2])];
    expectNoLeak(() => epsilonBeta<X>(x));
    expectError(() => epsilonBeta<X>({ ...x, away: two }), RangeError, 'epsilonBeta: away has shape [2], expected [7] like policy');
    expectError(() => epsilonBeta<X>({ ...x, towards: two }), RangeError, 'epsilonBeta: towards has shape [2], expected [7] like policy');
    expectError(() => epsilonBeta<X>(x, { epsilon: 1 }), RangeError, 'epsilonBeta: epsilon must be in [0, 1), got 1');
    expectError(() => epsilonBeta<X>(x, { beta: 0 }), RangeError, 'epsilonBeta: beta must be finite and > 0, got 0');
    const { policy, away } = x;
    expectError(() => epsilonBeta({ policy, away } as never), TypeError, 'epsilonBeta: margins lacks towards, expected { policy, away, towards }'); // prettier-ignore
  });
});
