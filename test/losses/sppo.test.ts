import { describe, expect, it } from 'vitest';
import { implicitRewards, ops, sppo } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectError, expectValues, isReadable, read, tensor, type X } from '../support/engine.js';
import { expectConstant } from '../support/expectConstant.js';
import { expectSame } from '../support/expectSame.js';
import { expectPairGradients } from '../support/pairGradients.js';
import { agreeing, pairLogps } from '../support/samples.js';

describe('sppo', () => {
  itCosts('sppo', 7);

  it('is 1 / (2 beta^2) where policy and reference agree', async () => {
    await expectConstant(sppo<X>(agreeing()), 50);
  });

  it('takes a preference per pair, with one beta or one per pair', async () => {
    const rho = [[1, -1], [-1.25, 2.5], [0, 0]] as const; // prettier-ignore
    const [preferences, betas] = [[0.75, 0.5, 1], [0.5, 1, 0.25]]; // prettier-ignore
    const expected = (betaOf: (i: number) => number): number[] =>
      rho.map(([w, l], i) => {
        const target = (preferences[i]! - 0.5) / betaOf(i);
        return (w - target) ** 2 + (l + target) ** 2;
      });
    await expectValues(sppo<X>(pairLogps(), { beta: 0.5, preference: tensor(preferences) }), expected(() => 0.5), 30); // prettier-ignore
    await expectValues(sppo<X>(pairLogps(), { beta: tensor(betas), preference: tensor(preferences) }), expected((i) => betas[i]!), 30); // prettier-ignore
  });

  it('pulls both log-ratios to 0 with a preference of 1/2', async () => {
    const rewards = implicitRewards<X>(pairLogps(), { beta: 1 });
    const squares = ops.add(ops.square<X>(rewards.chosen), ops.square<X>(rewards.rejected));
    await expectSame(sppo(pairLogps(), { preference: 0.5 }), squares, 20);
  });

  it('is 0 where both log-ratios are at their targets', async () => {
    const logps = pairLogps({ policy: { chosen: [4, 0, 0], rejected: [-4, 0, 0] }, reference: { chosen: [0, 0, 0], rejected: [0, 0, 0] } });
    await expectValues(sppo<X>(logps, { beta: 0.125 }), [0, 32, 32]);
    await expectValues(sppo<X>(logps, { beta: 0.0625, preference: 0.75 }), [0, 32, 32]);
  });

  it('has the gradient of its doc comment', async () => {
    const b = 0.3;
    await expectPairGradients((x) => sppo<X>(x, { beta: b, preference: 0.75 }), ({ w }) => 2 * (w - 0.25 / b), ({ l }) => 2 * (l + 0.25 / b)); // prettier-ignore
  });

  it('names bad input', () => {
    const x = pairLogps();
    expectError(() => sppo(x, { preference: 1.5 }), RangeError, 'sppo: preference must be in [0, 1], got 1.5');
    expectError(() => sppo(x, { preference: -0.1 }), RangeError, 'sppo: preference must be in [0, 1], got -0.1');
  });

  it.runIf(isReadable)('names a value of a preference tensor outside [0, 1]', () => {
    const [x, bad] = [pairLogps(), tensor([0.5, 2, 1])];
    expectError(() => sppo<X>(x, { preference: bad }), RangeError, 'sppo: value 1 of preference must be in [0, 1], got 2');
  });

  it.skipIf(isReadable)('turns a pair with such a preference into NaN where it cannot be read', async () => {
    const loss = (await read(sppo<X>(pairLogps(), { preference: tensor([0.5, 2, 1]) }))) as number[];
    expect(loss.map(Number.isNaN)).toEqual([false, true, false]);
  });
});
