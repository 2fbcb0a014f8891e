import { describe, expect, it } from 'vitest';
import { qrpo, regression } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectError, expectGradients, expectValues, flatten, isReadable, read, tensor, weight, type X } from '../support/engine.js';
import { expectSame } from '../support/expectSame.js';
import { unpairedLogps } from '../support/samples.js';

const policy = [-10, -31.5, -7.25];
const reference = [-11, -30.25, -7.25];
const rho = [1, -1.25, 0];
const quantile = [0.75, 0.5, 0.125];
const batch = () => ({ ...unpairedLogps(policy, reference), quantile: tensor(quantile) });

/** Quantiles of the normal distribution, from tables. */
const NORMAL = [0.6744897501960817, 0, -1.1503493803760079];

describe('qrpo', () => {
  itCosts('qrpo', 5);

  it.each([
    [0.001, 1 + 0.001 * Math.log(0.001)],
    [0.2, 0.2 * Math.log(0.2 * Math.expm1(5))],
    [1, Math.log(Math.E - 1)],
    [1e6, 0.5 + 1e-6 / 24],
  ])('is regression onto the quantile minus beta log Z, at beta %d', async (beta, logZ) => {
    const x = batch();
    await expectSame(qrpo<X>(x, { beta }), regression<X>({ ...unpairedLogps(policy, reference), target: tensor(quantile.map((q) => q - logZ)) }, { beta })); // prettier-ignore
  });

  it('has a partition function without a jump where it changes to a series, and for extreme betas', async () => {
    const at = async (beta: number): Promise<number> => {
      const [loss] = flatten((await read(qrpo({ policy: [-1], reference: [-1], quantile: [1] }, { beta, error: 'absolute' }))) as never);
      return 1 - loss!; // beta log Z, which is between 1/2 and 1
    };
    expect(Math.abs((await at(99.99)) - (await at(100.01)))).toBeLessThan(1e-7);
    expect(await at(1e300)).toBe(0.5);
    expect(await at(5e-324)).toBe(1);
  });

  it('has transforms of the quantile, each with its partition function', async () => {
    const squares = (rewards: readonly number[], logZ: number, beta: number): number[] =>
      rewards.map((r, i) => (r - logZ - beta * rho[i]!) ** 2);
    const [beta, x] = [0.5, batch()];
    await expectValues(qrpo<X>(x, { beta, transform: 'log' }), squares(quantile.map(Math.log), 0.5 * Math.log(1 / 3), beta)); // prettier-ignore
    await expectValues(qrpo<X>(x, { beta, transform: 'normal' }), squares(NORMAL, 1, beta));
    await expectValues(qrpo<X>(x, { beta, partition: 'simplified' }), squares(quantile, 1 + 0.5 * Math.log(0.5), beta));
  });

  it('has the mean of e^(reward / beta) over uniform quantiles as Z', () => {
    const [n, beta] = [4000, 0.8];
    const uniform = Array.from({ length: n }, (_, i) => (i + 0.5) / n);
    const level = uniform.map(() => -1);
    for (const transform of ['identity', 'log', 'normal'] as const) {
      // Without a log-ratio, the difference is R - beta log Z; far below the reference it is positive.
      const far = 1e4;
      const x = { policy: level.map((v) => v - far), reference: level, quantile: uniform };
      const differences = qrpo(x, { beta, transform, error: 'absolute' }).map((loss) => loss - beta * far);
      const mean = differences.reduce((sum, d) => sum + Math.exp(d / beta), 0) / n;
      expect(Math.abs(mean - 1)).toBeLessThan(2e-3);
    }
  });

  it('has the gradient of its doc comment', async () => {
    const beta = 0.3;
    const logZ = beta * Math.log(beta * Math.expm1(1 / beta));
    const differences = quantile.map((q, i) => q - logZ - beta * rho[i]!);
    for (const [error, slope] of [
      ['squared', (d: number) => 2 * d],
      ['absolute', Math.sign],
    ] as const) {
      const g = differences.map((d, i) => -weight(i) * beta * slope(d));
      const f = (p: X, r: X): X => qrpo<X>({ policy: p, reference: r, quantile: tensor(quantile) }, { beta, error });
      await expectGradients(f, [policy, reference], [g, g.map((v) => -v)]);
    }
  });

  it.each(['identity', 'log', 'normal'] as const)('passes no gradient to the quantile, with the transform %s', async (transform) => {
    // So far below the reference that the difference is positive.
    const below = reference.map((r) => r - 100);
    const r = tensor(reference);
    const f = (p: X, q: X): X => qrpo<X>({ policy: p, reference: r, quantile: q }, { transform, error: 'absolute' });
    await expectGradients(f, [below, quantile], [below.map((_, i) => -0.1 * weight(i)), [0, 0, 0]]);
  });

  it('names bad options', () => {
    const x = batch();
    expectError(() => qrpo(x, { beta: 0 }), RangeError, 'qrpo: beta must be finite and > 0, got 0');
    expectError(
      () => qrpo(x, { transform: 'icdf' } as never),
      RangeError,
      'qrpo: transform must be one of "identity", "log", "normal", got "icdf"',
    );
    expectError(
      () => qrpo(x, { transform: 'log', partition: 'exact' } as never),
      RangeError,
      'qrpo: partition would be ignored with the transform log',
    );
  });

  it('names quantiles outside the domain of the transform', () => {
    const x = unpairedLogps(policy, reference);
    const expectRange = (values: number[], transform: 'identity' | 'log' | 'normal', message: string): void => {
      expectError(() => qrpo({ ...x, quantile: values }, { transform }), RangeError, `qrpo: value ${message}`);
      const onEngine = tensor(values);
      if (isReadable) expectError(() => qrpo({ ...x, quantile: onEngine }, { transform }), RangeError, `qrpo: value ${message}`);
    };
    expectRange([0, 1, 1.5], 'identity', '2 of quantile must be in [0, 1], got 1.5');
    expectRange([1, 0, 0.5], 'log', '1 of quantile must be in (0, 1], got 0');
    expectRange([0, 0.5, 0.5], 'normal', '0 of quantile must be in (0, 1), got 0');
    expectRange([0.5, 0.5, 1], 'normal', '2 of quantile must be in (0, 1), got 1');
  });

  it.skipIf(isReadable).each([
    ['identity', [0, 1.5, 1, NaN], [false, true, false, true]],
    ['log', [0, 0.5, 1, -1], [true, false, false, true]],
    ['normal', [0, 0.5, 1, 0.25], [true, false, true, false]],
  ] as const)('is NaN for such a completion where values cannot be read, with the transform %s', async (transform, values, expected) => {
    const x = { ...unpairedLogps([-1, -1, -1, -1], [-1, -1, -1, -1]), quantile: tensor([...values]) };
    expect(((await read(qrpo<X>(x, { transform }))) as number[]).map(Number.isNaN)).toEqual(expected);
  });
});
