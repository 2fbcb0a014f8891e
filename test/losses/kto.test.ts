import { describe, expect, it } from 'vitest';
import { klEstimate, klStatistics, kto, ops } from '../../src/index.js';
import golden from '../goldens/kto.json' with { type: 'json' };
import { expectError, expectGradients, expectNoLeak, expectValues, ints, isReadable, read, tensor, type X } from '../support/engine.js';
import { cases } from '../support/goldens.js';
import { sigmoid, weight } from '../support/samples.js';

const policy = [-10, -31.5, -7.25, -40];
const reference = [-11, -30.25, -7.25, -42];
const rho = [1, -1.25, 0, 2];
const desirable = [1, 0, 1, 0];
const batch = (kl: X = 0) => ({ policy: tensor(policy), reference: tensor(reference), desirable: tensor(desirable), kl });

const formula = (beta: number, kl: number, wD = 1, wU = 1) =>
  rho.map((r, i) => (desirable[i] === 1 ? wD * sigmoid(-beta * (r - kl)) : wU * sigmoid(-beta * (kl - r))));

describe('kto', () => {
  it('is the formula, with one weight per class', async () => {
    await expectValues(kto(batch(0.5)), formula(0.1, 0.5));
    await expectValues(kto(batch(0.5), { beta: 2, desirableWeight: 1.5, undesirableWeight: 0.25 }), formula(2, 0.5, 1.5, 0.25));
    await expectValues(kto(batch(), { undesirableWeight: 0 }), formula(0.1, 0, 1, 0));
  });

  it('is half the weight where policy and reference agree and kl is 0', async () => {
    const x = batch();
    await expectValues(kto({ ...x, reference: x.policy }, { desirableWeight: 3 }), [1.5, 0.5, 1.5, 0.5]);
  });

  it('adds up to the weight with the same example in the other class', async () => {
    const other = { ...batch(0.5), desirable: tensor(desirable.map((d) => 1 - d)) };
    await expectValues(ops.add(kto(batch(0.5)), kto(other)), [1, 1, 1, 1]);
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

  it('takes integer and boolean labels', async () => {
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

  it('keeps its digits far out, where 1 - sigmoid has none', async () => {
    const x = { policy: tensor([170, 4e4]), reference: tensor([0, 0]), desirable: tensor([1, 0]), kl: 0 };
    const [near, far] = (await read(kto(x))) as [number, number];
    expect(near / sigmoid(-17)).toBeCloseTo(1, 4);
    expect(far).toBe(1);
  });

  it('one batch equals its parts', async () => {
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

  it.runIf(isReadable)('names a label that is neither 0 nor 1, where it can be read', () => {
    const x = { ...batch(), desirable: tensor([1, 0, -1, 0]) };
    expectError(() => kto(x), RangeError, 'kto: value 2 of desirable must be 0 or 1, got -1');
  });

  it.skipIf(isReadable)('turns such an example into NaN where it cannot', async () => {
    const loss = (await read(kto({ ...batch(), desirable: tensor([1, 0, -1, 0.5]) }))) as number[];
    expect(loss.map(Number.isNaN)).toEqual([false, false, true, true]);
  });
});

describe('klEstimate', () => {
  const logps = (p: number[], r: number[]) => ({ policy: tensor(p), reference: tensor(r) });

  it.each(cases(golden).filter(([, r]) => r.source !== 'exact'))('%s', async (_, record) => {
    const { klPolicy, klReference } = (golden.inputs as never)[record.input] as { klPolicy: number[]; klReference: number[] };
    await expectValues(klEstimate(logps(klPolicy, klReference)), (record.outputs as unknown as { kl: number }).kl, 400);
  });

  it('is the mean log-ratio, at least 0', async () => {
    await expectValues(klEstimate(logps([-1, -2, -3], [-2, -4, -3])), 1);
    await expectValues(klEstimate(logps([-3, -2], [-1, -1])), 0);
    await expectValues(klEstimate(logps([-3], [-3])), 0);
  });

  it('is the same from the sums of its parts, clamped once', async () => {
    const [a, b] = [klStatistics<X>(logps([-1, -2], [-4, -5])), klStatistics<X>(logps([-9], [-8]))];
    await expectValues(a.sum, 6, 4);
    await expectValues(a.count, 2);
    const total = { sum: ops.add(a.sum, b.sum), count: ops.add(a.count, b.count) };
    await expectValues(klEstimate(total), 5 / 3, 4);
  });

  it('is 0 of an empty pool', async () => {
    await expectValues(klEstimate({ sum: tensor(0), count: tensor(0) }), 0);
  });

  it('is detached, and so are its halves', async () => {
    const inputs = [[-1, -2], [-2, -4]]; // prettier-ignore
    const ofLogps = (policy: X, reference: X) => klEstimate<X>({ policy, reference });
    const sumAlone = (policy: X, reference: X) => klStatistics<X>({ policy, reference }).sum;
    const ofStatistics = (policy: X, reference: X) => klEstimate<X>({ sum: ops.sum<X>(ops.sub(policy, reference)), count: tensor(2) });
    for (const f of [ofLogps, sumAlone, ofStatistics]) {
      // Beside a term that is not: a function of constants alone has no gradient to ask for.
      const beside = (policy: X, reference: X) => ops.add(f(policy, reference), ops.sum(policy));
      await expectGradients(beside, inputs, [[weight(0), weight(0)], [0, 0]]); // prettier-ignore
    }
  });

  it('leaks nothing, and names bad input', () => {
    const x = logps([-1, -2], [-2, -4]);
    expectNoLeak(() => klEstimate(x));
    expectNoLeak(() => klStatistics(x), 2);
    const [one, flat] = [tensor([1]), tensor(1)];
    expectError(() => klEstimate({ ...x, reference: one }), RangeError, 'klEstimate: reference has shape [1], expected [2] like policy');
    expectError(() => klStatistics({ policy: flat, reference: flat }), RangeError, 'klStatistics: policy has shape [], expected rank 1');
    expectError(() => klEstimate({ sum: one, count: flat }), RangeError, 'klEstimate: sum has shape [1], expected rank 0');
    expectError(() => klEstimate({ sum: flat } as never), TypeError, 'klEstimate: statistics lacks count, expected { sum, count }');
    expectError(() => klEstimate(null as never), TypeError, 'klEstimate: logps is null, expected { policy, reference }');
    expectError(() => klEstimate(undefined as never), TypeError, 'klEstimate: logps is undefined, expected { policy, reference }');
  });
});
