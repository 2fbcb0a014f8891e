import { describe, expect, it } from 'vitest';
import { klEstimate, kto, ops } from '../../src/index.js';
import { itCosts, kernelsOf } from '../support/costs.js';
import {
  engine,
  expectError,
  expectGradients,
  expectNoLeak,
  expectValues,
  ints,
  isReadable,
  read,
  tensor,
  type X,
} from '../support/engine.js';
import { expectSame } from '../support/expectSame.js';
import { expectWeightErrors, oneEach } from '../support/labelledGradients.js';
import { sigmoid, weight } from '../support/samples.js';

const policy = [-10, -31.5, -7.25, -40];
const reference = [-11, -30.25, -7.25, -42];
const rho = [1, -1.25, 0, 2];
const desirable = [1, 0, 1, 0];
const batch = (kl: X = 0) => ({ policy: tensor(policy), reference: tensor(reference), desirable: tensor(desirable), kl });

const formula = (beta: number, kl: number, wD = 1, wU = 1) =>
  rho.map((r, i) => (desirable[i] === 1 ? wD * sigmoid(-beta * (r - kl)) : wU * sigmoid(-beta * (kl - r))));

describe('kto', () => {
  itCosts('kto', 7);

  it.runIf(engine === 'cpu')('runs the kernels of two differences, beta, the sign of desirable and a sigmoid', async () => {
    const x = { policy: tensor([1, 2]), reference: tensor([0, 1]), desirable: ints([1, 0]), kl: 0 };
    expect(await kernelsOf(() => kto(x))).toEqual(['Sub', 'Sub', 'Multiply', 'Multiply', 'Sub', 'Multiply', 'PreflossSigmoid']);
  });

  it('is the formula, with one weight per class', async () => {
    await expectValues(kto(batch(0.5)), formula(0.1, 0.5));
    await expectValues(kto(batch(0.5), { beta: 2, desirableWeight: 1.5, undesirableWeight: 0.25 }), formula(2, 0.5, 1.5, 0.25));
    await expectValues(kto(batch(), { undesirableWeight: 0 }), formula(0.1, 0, 1, 0));
  });

  it('is half the weight where policy and reference agree and kl is 0', async () => {
    const x = batch();
    await expectValues(kto({ ...x, reference: x.policy }, { desirableWeight: 3 }), [1.5, 0.5, 1.5, 0.5]);
  });

  it('adds up to the weight if the same example is counted in both classes', async () => {
    const other = { ...batch(0.5), desirable: tensor(desirable.map((d) => 1 - d)) };
    await expectValues(ops.add(kto(batch(0.5)), kto(other)), [1, 1, 1, 1]);
  });

  it('is the same for an undesirable example and a desirable one with opposite log-ratio and kl', async () => {
    const ratios = [1, -2, 0.5];
    const loss = (values: number[], label: number, kl: number): X =>
      kto<X>({ policy: tensor(values), reference: tensor([0, 0, 0]), desirable: tensor([label, label, label]), kl });
    await expectSame(loss(ratios, 0, 0.25), loss(ratios.map((v) => -v), 1, -0.25)); // prettier-ignore
    await expectSame(ops.add(loss(ratios, 0, 0.25), loss(ratios, 1, 0.25)), tensor([1, 1, 1]));
  });

  it('accepts the result of klEstimate as kl', async () => {
    const kl = klEstimate<X>({ policy: tensor([-1, -2]), reference: tensor([-2, -2.5]) });
    await expectSame(kto<X>({ ...oneEach(), kl }), kto<X>({ ...oneEach(), kl: 0.75 }));
  });

  it('takes kl as a number, a scalar, or one per example, and a beta per example', async () => {
    await expectValues(kto(batch(tensor(0.5))), formula(0.1, 0.5));
    await expectValues(kto(batch(tensor([0.5, 0.5, 0.5, 0.5]))), formula(0.1, 0.5));
    const betas = [0.1, 0.2, 0.3, 4];
    await expectValues(
      kto(batch(), { beta: tensor(betas) }),
      betas.map((b, i) => formula(b, 0)[i]!),
    );
  });

  it('accepts integers and booleans for desirable', async () => {
    await expectValues(kto({ ...batch(), desirable: ints(desirable) }), formula(0.1, 0));
    await expectValues(kto({ ...batch(), desirable: tensor(desirable, 'bool') }), formula(0.1, 0));
  });

  it('has the gradient of its doc comment, on policy, reference and kl', async () => {
    const [beta, kl] = [0.3, 0.5];
    const s = formula(beta, kl);
    const g = s.map((v, i) => weight(i) * beta * v * (1 - v) * (desirable[i] === 1 ? -1 : 1));
    const f = (p: X, r: X, k: X) => kto<X>({ policy: p, reference: r, desirable: tensor(desirable), kl: k }, { beta });
    await expectGradients(f, [policy, reference, kl], [g, g.map((v) => -v), -g.reduce((a, b) => a + b)]);
  });

  it('is accurate far from 0, where 1 - sigmoid would lose all digits', async () => {
    const x = { policy: tensor([170, 4e4]), reference: tensor([0, 0]), desirable: tensor([1, 0]), kl: 0 };
    const [near, far] = (await read(kto(x))) as [number, number];
    expect(near / sigmoid(-17)).toBeCloseTo(1, 4);
    expect(far).toBe(1);
  });

  it('is the same for a batch and its parts at a given kl', async () => {
    const whole = (await read(kto(batch(0.5)))) as number[];
    const part = (from: number, to: number) =>
      kto<X>({
        policy: tensor(policy.slice(from, to)),
        reference: tensor(reference.slice(from, to)),
        desirable: tensor(desirable.slice(from, to)),
        kl: 0.5,
      });
    await expectValues(part(0, 1), whole.slice(0, 1));
    await expectValues(part(1, 4), whole.slice(1));
  });

  it('leaks nothing', () => {
    const x = batch();
    expectNoLeak(() => kto(x, { desirableWeight: 2 }));
  });

  it('names bad input', () => {
    expectWeightErrors('kto', (labelled, options) => kto({ ...labelled, kl: 0 }, options));
    const x = batch();
    expectError(
      () => kto({ ...x, kl: undefined } as never),
      TypeError,
      'kto: batch lacks kl, expected { policy, reference, desirable, kl }',
    );
    expectError(() => kto({ ...x, kl: NaN }), RangeError, 'kto: kl must be finite, got NaN');
    const two = tensor([0, 1]);
    expectError(() => kto({ ...x, kl: two }), RangeError, 'kto: kl has shape [2], expected [4] like policy');
    expectError(() => kto({ ...x, desirable: two }), RangeError, 'kto: desirable has shape [2], expected [4] like policy');
    expectError(() => kto({ ...x, reference: two }), RangeError, 'kto: reference has shape [2], expected [4] like policy');
    expectError(() => kto(x, { desirableWeight: -1 }), RangeError, 'kto: desirableWeight must be finite and >= 0, got -1');
    expectError(() => kto(x, { undesirableWeight: NaN }), RangeError, 'kto: undesirableWeight must be finite and >= 0, got NaN');
    expectError(() => kto(x, { beta: 0 }), RangeError, 'kto: beta must be finite and > 0, got 0');
    expectError(
      () => kto(x, { labelSmoothing: 0 } as never),
      RangeError,
      'kto: unknown option labelSmoothing, expected beta, desirableWeight, undesirableWeight',
    );
  });

  it.runIf(isReadable)('names a value of desirable that is neither 0 nor 1, where values can be read', () => {
    const x = { ...batch(), desirable: tensor([1, 0, -1, 0]) };
    expectError(() => kto(x), RangeError, 'kto: value 2 of desirable must be 0 or 1, got -1');
  });

  it.skipIf(isReadable)('is NaN for such an example where values cannot be read', async () => {
    const loss = (await read(kto({ ...batch(), desirable: tensor([1, 0, -1, 0.5]) }))) as number[];
    expect(loss.map(Number.isNaN)).toEqual([false, false, true, true]);
  });
});
