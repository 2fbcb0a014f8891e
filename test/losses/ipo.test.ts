import { describe, expect, it } from 'vitest';
import { ipo } from '../../src/index.js';
import { itCosts, kernelsOf } from '../support/costs.js';
import { engine, expectError, expectGradients, expectNoLeak, expectValues, isReadable, read, tensor, type X } from '../support/engine.js';
import { delta, four, fromFour, pair, pairLogps, sample, weight } from '../support/samples.js';

describe('ipo', () => {
  itCosts('ipo', 5);

  it.runIf(engine === 'cpu')('runs four Sub kernels and a Square', async () => {
    expect(await kernelsOf(() => ipo(pairLogps()))).toEqual(['Sub', 'Sub', 'Sub', 'Sub', 'Square']);
  });

  it('is the squared distance of the margin from 1 / (2 beta)', async () => {
    await expectValues(
      ipo(pairLogps()),
      delta.map((d) => (d - 5) ** 2),
      80,
    );
    await expectValues(
      ipo(pairLogps(), { beta: 0.5 }),
      delta.map((d) => (d - 1) ** 2),
      80,
    );
  });

  it('is 1 / (4 beta^2) where policy and reference agree, and 0 with gradient 0 at its minimum', async () => {
    await expectValues(ipo({ policy: pair(sample.policy), reference: pair(sample.policy) }), [25, 25, 25]);
    const f = (chosen: X) =>
      ipo<X>({ policy: { chosen, rejected: tensor([-3]) }, reference: pair({ chosen: [-2], rejected: [-3] }) }, { beta: 0.25 });
    await expectValues(f(tensor([0])), [0]);
    await expectGradients(f, [[0]], [[0]]);
  });

  it('uses the margin of the policy if there is no reference', async () => {
    const margin = sample.policy.chosen.map((c, i) => c - sample.policy.rejected[i]!);
    await expectValues(
      ipo({ policy: pair(sample.policy) }),
      margin.map((m) => (m - 5) ** 2),
      80,
    );
  });

  it('takes a beta per pair', async () => {
    const betas = [0.1, 0.25, 0.5];
    await expectValues(
      ipo(pairLogps(), { beta: tensor(betas) }),
      delta.map((d, i) => (d - 0.5 / betas[i]!) ** 2),
      80,
    );
  });

  it('has the gradient of its doc comment, on all four inputs', async () => {
    const g = delta.map((d, i) => weight(i) * 2 * (d - 2));
    const minus = g.map((v) => -v);
    await expectGradients((a: X, b: X, c: X, d: X) => ipo<X>(fromFour(a, b, c, d), { beta: 0.25 }), four, [g, minus, minus, g]);
  });

  it('leaks nothing', () => {
    const x = pairLogps();
    expectNoLeak(() => ipo(x));
    expectNoLeak(() => ipo({ policy: x.policy }));
  });

  it('names bad input', () => {
    const x = pairLogps();
    expectError(() => ipo(x, { beta: -1 }), RangeError, 'ipo: beta must be finite and > 0, got -1');
    expectError(() => ipo(x, { labelSmoothing: 0.1 } as never), RangeError, 'ipo: unknown option labelSmoothing, expected beta');
    expectError(() => ipo({} as never), TypeError, 'ipo: logps lacks policy, expected { policy }');
    expectError(
      () => ipo({ policy: x.policy, refrence: x.reference } as never),
      TypeError,
      'ipo: logps has an unknown field refrence, expected { policy, reference }',
    );
    expectError(
      () => ipo({ policy: x.policy, reference: null } as never),
      TypeError,
      'ipo: reference is null, expected { chosen, rejected }',
    );
    const two = tensor([1, 2]);
    expectError(() => ipo<X>(x, { beta: two }), RangeError, 'ipo: beta has shape [2], expected [3] like policy.chosen');
    const one = tensor([-1]);
    expectError(
      () => ipo({ policy: { ...x.policy, rejected: one } }),
      RangeError,
      'ipo: policy.rejected has shape [1], expected [3] like policy.chosen',
    );
    expectError(
      () => ipo({ ...x, reference: { ...x.reference, chosen: one } }),
      RangeError,
      'ipo: reference.chosen has shape [1], expected [3] like policy.chosen',
    );
  });

  it.skipIf(isReadable)('is NaN for a beta that is not positive, where values cannot be read', async () => {
    const loss = (await read(ipo(pairLogps(), { beta: tensor([0.1, 0, 0.3]) }))) as number[];
    expect(loss.map(Number.isNaN)).toEqual([false, true, false]);
  });
});
