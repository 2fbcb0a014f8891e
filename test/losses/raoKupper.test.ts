import { describe, it } from 'vitest';
import { dpo, ops, raoKupper } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectError, expectGradients, expectNoLeak, expectValues, tensor, type X } from '../support/engine.js';
import { expectSame } from '../support/expectSame.js';
import { expectPairGradients } from '../support/pairGradients.js';
import { agreeing, pairLogps, sigmoid, swappedSample, weight } from '../support/samples.js';

const withTies = (tie: X, logps = pairLogps()): X => ({ ...logps, tie });
const [none, all] = [[0, 0, 0], [1, 1, 1]]; // prettier-ignore

describe('raoKupper', () => {
  itCosts('raoKupper', 13);

  it('is dpo with the offset log nu without ties', async () => {
    await expectSame(raoKupper<X>(withTies(none), { nu: 1.5 }), dpo<X>(pairLogps(), { offset: Math.log(1.5) }));
  });

  it('makes a tie as likely as stated where policy and reference agree', async () => {
    await expectValues(raoKupper<X>(withTies(tensor([0, 1, 1]), agreeing())), [Math.log(4), Math.LN2, Math.LN2]);
    await expectValues(raoKupper<X>(withTies(tensor([0, 1, 0]), agreeing()), { nu: 1.5 }), [2.5, 5, 2.5].map(Math.log));
  });

  it('gives the three outcomes probabilities that add up to 1', async () => {
    for (const nu of [1.0625, 3, 100]) {
      const of = (tie: X, logps = pairLogps()): X => ops.exp<X>(ops.neg<X>(raoKupper<X>(withTies(tie, logps), { beta: 0.5, nu })));
      const total = ops.add<X>(ops.add<X>(of(none), of(all)), of(none, pairLogps(swappedSample)));
      await expectValues(total, [1, 1, 1], 16);
    }
  });

  it('has the gradient of its doc comment', async () => {
    const [b, a] = [0.3, Math.log(2)];
    const tie = [0, 1, 1];
    const slope = (d: number, i: number): number => b * (tie[i]! * sigmoid(b * d + a) - sigmoid(a - b * d));
    await expectPairGradients(
      (x) => raoKupper<X>({ ...x, tie }, { beta: b, nu: 2 }),
      ({ d }, i) => slope(d, i),
      ({ d }, i) => -slope(d, i),
    );
  });

  it('is right, with its gradient, where e^h overflows', async () => {
    const zeros = tensor([0, 0, 0, 0]);
    const f = (chosen: X): X =>
      raoKupper<X>({ policy: { chosen, rejected: zeros }, reference: { chosen: zeros, rejected: zeros }, tie: [0, 1, 0, 1] });
    const far = [1e5, 1e5, -1e5, -1e5];
    const [a, c] = [Math.log(3), Math.log(8)];
    await expectValues(f(tensor(far)), [0, 1e4 + a - c, 1e4 + a, 1e4 + a - c]);
    await expectGradients(f, [far], [[0, 0.1, -0.1, -0.1].map((g, i) => weight(i) * g)]); // prettier-ignore
  });

  it('leaks nothing, and names bad input', () => {
    const [x, three] = [pairLogps(), tensor([0, 1, 0])];
    expectNoLeak(() => raoKupper<X>({ ...x, tie: three }));
    for (const nu of [1, 0.5, NaN])
      expectError(() => raoKupper<X>({ ...x, tie: three }, { nu }), RangeError, `raoKupper: nu must be finite and > 1, got ${nu}`);
    expectError(() => raoKupper<X>(x as never), TypeError, 'raoKupper: batch lacks tie, expected { policy, reference, tie }');
  });
});
