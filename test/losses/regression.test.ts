import { describe, it } from 'vitest';
import { regression, sppo, ops } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectError, expectGradients, expectValues, isReadable, tensor, weight, type X } from '../support/engine.js';
import { expectSame } from '../support/expectSame.js';
import { fromFour, four, sample, unpairedLogps } from '../support/samples.js';

const policy = [-10, -31.5, -7.25];
const reference = [-11, -30.25, -7.25];
const rho = [1, -1.25, 0];
const target = [0.5, -0.25, 1];
const batch = () => ({ ...unpairedLogps(policy, reference), target: tensor(target) });
const differences = (beta: number): number[] => target.map((t, i) => t - beta * rho[i]!);

describe('regression', () => {
  itCosts('regression', 4);

  it('is the formula, with either error', async () => {
    await expectValues(regression<X>(batch()), differences(0.1).map((d) => d * d)); // prettier-ignore
    await expectValues(regression<X>(batch(), { beta: 2, error: 'absolute' }), differences(2).map(Math.abs));
  });

  it('is 0 where the reward is the target', async () => {
    await expectValues(regression<X>({ ...batch(), target: tensor(rho.map((r) => 0.5 * r)) }, { beta: 0.5 }), [0, 0, 0]);
  });

  it('adds up to beta^2 sppo over both sides of a pair, for targets of 1/2 and -1/2', async () => {
    const { policy: p, reference: r } = sample;
    const side = (name: 'chosen' | 'rejected', wanted: number): X =>
      regression<X>({ ...unpairedLogps(p[name], r[name]), target: tensor(p[name].map(() => wanted)) }, { beta: 0.4 });
    const [a, b, c, d] = four.map((x) => tensor(x)) as [X, X, X, X];
    const pairs = sppo<X>(fromFour(a, b, c, d), { beta: 0.4 });
    await expectSame(ops.add<X>(side('chosen', 0.5), side('rejected', -0.5)), ops.mul<X>(pairs, 0.16));
  });

  it('has the gradient of its doc comment, on policy, reference and target', async () => {
    const [beta, loss] = [0.3, (options: object) => (p: X, r: X, t: X): X => regression<X>({ policy: p, reference: r, target: t }, { beta: 0.3, ...options })]; // prettier-ignore
    const inputs = [policy, reference, target];
    const expected = (slope: (d: number) => number): number[][] => {
      const g = differences(beta).map((d, i) => -weight(i) * beta * slope(d));
      return [g, g.map((v) => -v), g.map((v) => -v / beta)];
    };
    await expectGradients(loss({}), inputs, expected((d) => 2 * d)); // prettier-ignore
    await expectGradients(loss({ error: 'absolute' }), inputs, expected(Math.sign));
  });

  it('names bad input', () => {
    const x = batch();
    expectError(
      () => regression({ policy: x.policy, reference: x.reference } as never),
      TypeError,
      'regression: batch lacks target, expected { policy, reference, target }',
    );
    expectError(
      () => regression({ ...x, target: [1, Infinity, 0] }),
      RangeError,
      'regression: value 1 of target must be finite, got Infinity',
    );
    expectError(() => regression({ ...x, target: [1] }), RangeError, 'regression: target has shape [1], expected [3] like policy');
    expectError(
      () => regression(x, { error: 'mse' as never }),
      RangeError,
      'regression: error must be one of "squared", "absolute", got "mse"',
    );
  });

  it.runIf(isReadable)('names a target that is not finite in a tensor', () => {
    const wrong = { ...batch(), target: tensor([1, 0, NaN]) };
    expectError(() => regression(wrong), RangeError, 'regression: value 2 of target must be finite, got NaN');
  });
});
