import { describe, it } from 'vitest';
import { dpo, ops, robustDpo } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectError, isReadable, tensor, type X } from '../support/engine.js';
import { expectConstant } from '../support/expectConstant.js';
import { expectSame } from '../support/expectSame.js';
import { expectPairGradients } from '../support/pairGradients.js';
import { agreeing, pairLogps, sigmoid, swappedSample } from '../support/samples.js';

describe('robustDpo', () => {
  itCosts('robustDpo', 8);

  it('is ln 2 where policy and reference agree', async () => {
    await expectConstant(robustDpo<X>(agreeing(), { labelSmoothing: 0.2 }), Math.LN2);
  });

  it('is dpo without label smoothing', async () => {
    await expectSame(robustDpo(pairLogps(), { labelSmoothing: 0 }), dpo(pairLogps()));
  });

  it('is unbiased: its mean over labels that flip with this probability is dpo on clean labels', async () => {
    const e = 0.3;
    const mixed = ops.add(
      ops.mul(robustDpo<X>(pairLogps(), { labelSmoothing: e }), 1 - e),
      ops.mul(robustDpo<X>(pairLogps(swappedSample), { labelSmoothing: e }), e),
    );
    await expectSame(mixed, dpo(pairLogps()));
  });

  it('has the gradient of its doc comment', async () => {
    const [b, e] = [0.3, 0.1];
    const slope = (d: number): number => b * (sigmoid(-b * d) + e / (1 - 2 * e));
    await expectPairGradients((x) => robustDpo<X>(x, { beta: b, labelSmoothing: e }), ({ d }) => -slope(d), ({ d }) => slope(d)); // prettier-ignore
  });

  it('names bad input', () => {
    const x = pairLogps();
    expectError(() => robustDpo(x, { labelSmoothing: 0.5 }), RangeError, 'robustDpo: labelSmoothing must be in [0, 0.5), got 0.5');
  });

  it.runIf(isReadable)('names a value of a beta tensor that is not positive', () => {
    const [x, beta] = [pairLogps(), tensor([0.5, 0, 1])];
    expectError(() => robustDpo<X>(x, { beta }), RangeError, 'robustDpo: value 1 of beta must be finite and > 0, got 0');
  });
});
