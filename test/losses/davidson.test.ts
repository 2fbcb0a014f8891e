import { describe, it } from 'vitest';
import { davidson, dpo, ops } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectError, expectGradients, expectNoLeak, expectValues, isReadable, tensor, type X } from '../support/engine.js';
import { expectSame } from '../support/expectSame.js';
import { expectPairGradients } from '../support/pairGradients.js';
import { agreeing, delta, pair, pairLogps, swappedSample, weight } from '../support/samples.js';

const withTies = (tie: X, logps = pairLogps()): X => ({ ...logps, tie });
const [none, all] = [[0, 0, 0], [1, 1, 1]]; // prettier-ignore

describe('davidson', () => {
  itCosts('davidson', 20);

  it('is its formula', async () => {
    const h = delta.map((d) => 0.5 * d);
    const win = h.map((x) => Math.log(1 + Math.exp(-x) + 4 * Math.exp(-x / 2)));
    await expectValues(davidson<X>(withTies(none), { beta: 0.5, nu: 2 }), win);
    await expectValues(
      davidson<X>(withTies(all), { beta: 0.5, nu: 2 }),
      win.map((x, i) => x + h[i]! / 2 - Math.log(4)),
    );
  });

  it('is dpo without ties and with a small nu', async () => {
    await expectSame(davidson<X>(withTies(none), { nu: 1e-14 }), dpo<X>(pairLogps()));
  });

  it('makes a tie as likely as stated where policy and reference agree', async () => {
    await expectValues(davidson<X>(withTies(tensor([0, 1, 1]), agreeing())), [Math.log(4), Math.LN2, Math.LN2]);
    await expectValues(davidson<X>(withTies(tensor([0, 1, 0]), agreeing()), { nu: 0.25 }), [2.5, 5, 2.5].map(Math.log));
  });

  it('gives the three outcomes probabilities that add up to 1', async () => {
    for (const nu of [0.0625, 1, 100]) {
      const of = (tie: X, logps = pairLogps()): X => ops.exp<X>(ops.neg<X>(davidson<X>(withTies(tie, logps), { beta: 0.5, nu })));
      const total = ops.add<X>(ops.add<X>(of(none), of(all)), of(none, pairLogps(swappedSample)));
      await expectValues(total, [1, 1, 1], 16);
    }
  });

  it('has the gradient of its doc comment, also where policy and reference agree', async () => {
    const [b, nu] = [0.3, 0.5];
    const tie = [0, 1, 1];
    const slope = (d: number, i: number): number => {
      const [far, near] = [Math.exp(-b * d), nu * Math.exp((-b * d) / 2)];
      return b * (tie[i]! / 2 - (far + near) / (1 + far + 2 * near));
    };
    await expectPairGradients(
      (x) => davidson<X>({ ...x, tie }, { beta: b, nu }),
      ({ d }, i) => slope(d, i),
      ({ d }, i) => -slope(d, i),
    );
    const zeros = tensor([0, 0]);
    const at0 = (chosen: X): X =>
      davidson<X>({ policy: { chosen, rejected: zeros }, reference: { chosen: zeros, rejected: zeros }, tie: [0, 1] });
    await expectGradients(at0, [[0, 0]], [[-0.05 * weight(0), 0]]);
  });

  it('is right, with its gradient, where e^h overflows', async () => {
    const zeros = tensor([0, 0, 0, 0]);
    const f = (chosen: X): X =>
      davidson<X>({ policy: { chosen, rejected: zeros }, reference: { chosen: zeros, rejected: zeros }, tie: [0, 1, 0, 1] });
    const far = [1e5, 1e5, -1e5, -1e5];
    await expectValues(f(tensor(far)), [0, 5e3 - Math.LN2, 1e4, 5e3 - Math.LN2]);
    await expectGradients(f, [far], [[0, 0.05, -0.1, -0.05].map((g, i) => weight(i) * g)]); // prettier-ignore
  });

  // A GPU need not have infinities.
  it.runIf(isReadable)('has its limit, with or without a tie, where a log-prob is infinite', async () => {
    const [zeros, far] = [[0, 0, 0, 0], [Infinity, Infinity, -Infinity, -Infinity]]; // prettier-ignore
    const logps = { policy: pair({ chosen: far, rejected: zeros }), reference: pair({ chosen: zeros, rejected: zeros }) };
    await expectValues(davidson<X>({ ...logps, tie: [0, 1, 0, 1] }), [0, Infinity, Infinity, Infinity]);
  });

  it('leaks nothing, and names bad input', () => {
    const [x, three] = [pairLogps(), tensor([0, 1, 0])];
    expectNoLeak(() => davidson<X>({ ...x, tie: three }));
    for (const nu of [0, -1, NaN])
      expectError(() => davidson<X>({ ...x, tie: three }, { nu }), RangeError, `davidson: nu must be finite and > 0, got ${nu}`);
    expectError(() => davidson<X>(x as never), TypeError, 'davidson: batch lacks tie, expected { policy, reference, tie }');
  });
});
