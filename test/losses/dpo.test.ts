import { describe, expect, it } from 'vitest';
import { dpo, ops } from '../../src/index.js';
import { itCosts, kernelsOf } from '../support/costs.js';
import { engine, expectError, expectGradients, expectNoLeak, expectValues, isReadable, read, tensor, type X } from '../support/engine.js';
import { expectSame } from '../support/expectSame.js';
import { delta, four, fromFour, pair, pairLogps, sample, sigmoid, softplus, swappedSample, weight } from '../support/samples.js';

describe('dpo', () => {
  itCosts('dpo', 6);

  it.runIf(engine === 'cpu')('runs three Sub kernels, Multiply, Neg and Softplus', async () => {
    expect(await kernelsOf(() => dpo(pairLogps()))).toEqual(['Sub', 'Sub', 'Sub', 'Multiply', 'Neg', 'Softplus']);
  });

  it('is softplus(-beta Delta)', async () => {
    await expectValues(
      dpo(pairLogps()),
      delta.map((d) => softplus(-0.1 * d)),
    );
    await expectValues(
      dpo(pairLogps(), { beta: 2 }),
      delta.map((d) => softplus(-2 * d)),
      8,
    );
  });

  it('is ln 2 where policy and reference agree', async () => {
    await expectValues(dpo({ policy: pair(sample.policy), reference: pair(sample.policy) }), [Math.LN2, Math.LN2, Math.LN2]);
    await expectValues(dpo({ policy: pair(sample.policy), reference: pair(sample.policy) }, { labelSmoothing: 0.3 }), [
      Math.LN2,
      Math.LN2,
      Math.LN2,
    ]);
  });

  it('smooths labels by mixing in the loss of the swapped pair', async () => {
    const e = 0.2;
    const h = delta.map((d) => 0.1 * d);
    await expectValues(
      dpo(pairLogps(), { labelSmoothing: e }),
      h.map((x) => (1 - e) * softplus(-x) + e * softplus(x)),
    );
  });

  it('takes soft labels, one number or one per pair', async () => {
    const p = [0.75, 0, 1];
    const h = delta.map((d) => 0.1 * d);
    const soft = h.map((x, i) => p[i]! * softplus(-x) + (1 - p[i]!) * softplus(x));
    await expectValues(dpo(pairLogps(), { preference: tensor(p) }), soft);
    await expectValues(dpo(pairLogps(), { preference: p }), soft);
    await expectSame(dpo(pairLogps(), { preference: 0.875 }), dpo(pairLogps(), { labelSmoothing: 0.125 }));
    await expectSame(dpo(pairLogps(), { preference: 1, offset: 0.5 }), dpo(pairLogps(), { offset: 0.5 }));
    await expectSame(dpo(pairLogps(), { preference: 0 }), dpo(pairLogps(swappedSample)));
  });

  it('subtracts an offset, one number or one per pair', async () => {
    const offsets = [0.5, -1, 2];
    await expectValues(
      dpo(pairLogps(), { offset: 0.5 }),
      delta.map((d) => softplus(0.5 - 0.1 * d)),
    );
    await expectValues(
      dpo(pairLogps(), { offset: tensor(offsets) }),
      delta.map((d, i) => softplus(offsets[i]! - 0.1 * d)),
    );
    const e = 0.1;
    const h = delta.map((d, i) => 0.1 * d - offsets[i]!);
    await expectValues(
      dpo(pairLogps(), { offset: tensor(offsets), labelSmoothing: e }),
      h.map((x) => (1 - e) * softplus(-x) + e * softplus(x)),
    );
  });

  it('takes a beta per pair', async () => {
    const betas = [0.1, 0.5, 2];
    await expectValues(
      dpo(pairLogps(), { beta: tensor(betas) }),
      delta.map((d, i) => softplus(-betas[i]! * d)),
      8,
    );
  });

  it('grows by beta times the margin if the pair is swapped', async () => {
    const own = await read(ops.sub(dpo(pairLogps(swappedSample)), dpo(pairLogps())));
    await expectValues(
      tensor(own),
      delta.map((d) => 0.1 * d),
      4,
    );
  });

  it('has the gradient of its doc comment, on all four inputs', async () => {
    const [beta, e] = [0.3, 0.1];
    const g = delta.map((d, i) => weight(i) * beta * (e - sigmoid(-beta * d)));
    const minus = g.map((v) => -v);
    const f = (a: X, b: X, c: X, d: X) => dpo<X>(fromFour(a, b, c, d), { beta, labelSmoothing: e });
    await expectGradients(f, four, [g, minus, minus, g]);
  });

  it('has the gradient of its doc comment with a soft label, also with respect to it', async () => {
    const p = [0.75, 0.25, 1];
    const h = delta.map((d) => 0.3 * d);
    const g = h.map((x, i) => weight(i) * 0.3 * (1 - p[i]! - sigmoid(-x)));
    const minus = g.map((v) => -v);
    const f = (a: X, b: X, c: X, d: X, preference: X) => dpo<X>(fromFour(a, b, c, d), { beta: 0.3, preference });
    await expectGradients(f, [...four, p], [g, minus, minus, g, h.map((x, i) => -weight(i) * x)]);
  });

  it('has gradients with respect to beta and offset', async () => {
    const f = (beta: X, offset: X) => dpo<X>(pairLogps(), { beta, offset });
    const [betas, offsets] = [
      [0.1, 0.5, 2],
      [0.5, -1, 0.25],
    ];
    const s = delta.map((d, i) => sigmoid(offsets[i]! - betas[i]! * d));
    await expectGradients(f, [betas, offsets], [delta.map((d, i) => -weight(i) * d * s[i]!), s.map((v, i) => weight(i) * v)]);
  });

  it('is finite, with a finite gradient, for |h| up to 1e4', async () => {
    const far = [
      [-1e5, 0],
      [0, -1e5],
      [0, 0],
      [0, 0],
    ];
    const f = (a: X, b: X, c: X, d: X) => dpo<X>(fromFour(a, b, c, d));
    await expectValues(f(...(far.map((v) => tensor(v)) as [X, X, X, X])), [1e4, 0]);
    await expectGradients(f, far, [
      [-0.1 * weight(0), 0],
      [0.1 * weight(0), 0],
      [0.1 * weight(0), 0],
      [-0.1 * weight(0), 0],
    ]);
  });

  it('takes a single pair', async () => {
    await expectValues(dpo({ policy: pair({ chosen: [-1], rejected: [-2] }), reference: pair({ chosen: [-1], rejected: [-1] }) }), [
      softplus(-0.1),
    ]);
  });

  it('leaks nothing, and does not change its input', async () => {
    const logps = pairLogps();
    expectNoLeak(() => dpo(logps));
    expectNoLeak(() => dpo(logps, { labelSmoothing: 0.1, offset: 1 }));
    await expectValues(logps.policy.chosen, sample.policy.chosen);
  });

  describe('bad input', () => {
    const logps = pairLogps;

    it('names shapes that differ', () => {
      const three = logps();
      const two = pair({ chosen: [-1, -2], rejected: [-1, -2] });
      expectError(
        () => dpo({ ...three, reference: two }),
        RangeError,
        'dpo: reference.chosen has shape [2], expected [3] like policy.chosen',
      );
      const one = tensor([-1]);
      expectError(
        () => dpo({ ...three, policy: { ...three.policy, rejected: one } }),
        RangeError,
        'dpo: policy.rejected has shape [1], expected [3] like policy.chosen',
      );
    });

    it('names a wrong rank, a missing side, a side that is not a tensor', () => {
      const x = logps();
      const matrix = tensor([[-1], [-2]]);
      expectError(
        () => dpo({ ...x, policy: { chosen: matrix, rejected: matrix } }),
        RangeError,
        'dpo: policy.chosen has shape [2, 1], expected rank 1',
      );
      expectError(
        () => dpo({ policy: x.policy } as never),
        TypeError,
        'dpo: logps lacks reference, expected { policy: { chosen, rejected }, reference: { chosen, rejected } }',
      );
      expectError(
        () => dpo({ ...x, policy: { chosen: x.policy.chosen } } as never),
        TypeError,
        'dpo: policy lacks rejected, expected { chosen, rejected }',
      );
      expectError(
        () => dpo(undefined as never),
        TypeError,
        'dpo: logps is undefined, expected { policy: { chosen, rejected }, reference: { chosen, rejected } }',
      );
      expectError(
        () => dpo({ ...x, policy: { ...x.policy, chosen: 'x' } } as never),
        TypeError,
        'dpo: policy.chosen is not a tensor: no registered engine owns "x"',
      );
    });

    it('names an option out of range', () => {
      const x = logps();
      for (const beta of [0, -1, NaN, Infinity]) {
        expectError(() => dpo(x, { beta }), RangeError, `dpo: beta must be finite and > 0, got ${beta}`);
      }
      expectError(() => dpo(x, { labelSmoothing: 0.5 }), RangeError, 'dpo: labelSmoothing must be in [0, 0.5), got 0.5');
      expectError(() => dpo(x, { labelSmoothing: -0.1 }), RangeError, 'dpo: labelSmoothing must be in [0, 0.5), got -0.1');
      expectError(() => dpo(x, { labelSmoothing: NaN }), RangeError, 'dpo: labelSmoothing must be in [0, 0.5), got NaN');
      for (const preference of [-0.1, 1.5, NaN]) {
        expectError(() => dpo(x, { preference }), RangeError, `dpo: preference must be in [0, 1], got ${preference}`);
      }
      expectError(
        () => dpo(x, { preference: 0.9, labelSmoothing: 0.1 } as never),
        RangeError,
        'dpo: labelSmoothing and preference are both given, expected one of them',
      );
      expectError(() => dpo(x, { offset: NaN }), RangeError, 'dpo: offset must be finite, got NaN');
      expectError(
        () => dpo(x, { beta: '0.1' } as never),
        TypeError,
        'dpo: beta is not a number or tensor: no registered engine owns "0.1"',
      );
      expectError(() => dpo(x, { labelSmoothing: '0.1' } as never), TypeError, 'dpo: labelSmoothing is "0.1", expected a number');
      const two = tensor([0.1, 0.2]);
      expectError(() => dpo(x, { beta: two }), RangeError, 'dpo: beta has shape [2], expected [3] like policy.chosen');
    });

    it('names an unknown option', () => {
      const x = logps();
      expectError(
        () => dpo(x, { betta: 0.1 } as never),
        RangeError,
        'dpo: unknown option betta, expected beta, labelSmoothing, preference, offset',
      );
      expectError(() => dpo(x, null as never), TypeError, 'dpo: options is null, expected a plain object');
    });

    it.runIf(isReadable)('names a value of beta that is not positive, where values can be read', () => {
      const [x, betas] = [logps(), tensor([0.1, 0, 0.3])];
      expectError(() => dpo(x, { beta: betas }), RangeError, 'dpo: value 1 of beta must be finite and > 0, got 0');
    });

    it.skipIf(isReadable)('is NaN for such a pair where values cannot be read', async () => {
      const loss = (await read(dpo(pairLogps(), { beta: tensor([0.1, -1, 0.3]) }))) as number[];
      expect(loss.map(Number.isNaN)).toEqual([false, true, false]);
    });
  });
});
