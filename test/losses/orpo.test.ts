import { describe, expect, it } from 'vitest';
import { nll, ops, orpo } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import {
  derivatives,
  expectError,
  expectGradients,
  expectNoLeak,
  expectValues,
  flatten,
  read,
  rounded,
  tensor,
  type X,
  isFloat64,
} from '../support/engine.js';
import { pair, softplus, weight } from '../support/samples.js';
import { expectClose, type Values } from '../../src/testing/index.js';

const sides = { chosen: [-0.5, -1.25, -3], rejected: [-1, -0.75, -3] };
const logOdds = (a: number) => a - Math.log(-Math.expm1(a));
const lo = sides.chosen.map((c, i) => logOdds(c) - logOdds(sides.rejected[i]!));

describe('orpo', () => {
  itCosts('orpo', 20);

  it('is lambda softplus(-log odds ratio)', async () => {
    await expectValues(
      orpo(pair(sides)),
      lo.map((x) => 0.1 * softplus(-x)),
    );
    await expectValues(
      orpo(pair(sides), { lambda: 2 }),
      lo.map((x) => 2 * softplus(-x)),
    );
  });

  it('is lambda ln 2 where both sides are equally likely', async () => {
    await expectValues(orpo(pair({ chosen: [-1e-4, -2, -90], rejected: [-1e-4, -2, -90] }), { lambda: 1 }), [Math.LN2, Math.LN2, Math.LN2]);
  });

  it('adds an NLL term, one per pair or one for the batch', async () => {
    const plain = lo.map((x) => 0.1 * softplus(-x));
    await expectValues(
      orpo({ ...pair(sides), nll: tensor([1, 2, 3]) }),
      plain.map((v, i) => v + i + 1),
      4,
    );
    await expectValues(
      orpo({ ...pair(sides), nll: tensor(1.5) }),
      plain.map((v) => v + 1.5),
      4,
    );
    await expectValues(
      orpo({ ...pair(sides), nll: 1.5 }),
      plain.map((v) => v + 1.5),
      4,
    );
  });

  it('adds up over parts with an NLL over the tokens of the batch beside it', async () => {
    const [logps, mask] = [[[-1, -2], [-3, -4], [-5, -6]], [[1, 1], [1, 0], [1, 0]]]; // prettier-ignore
    const part = (from: number, to: number) => {
      const side = (x: number[]) => tensor(x.slice(from, to));
      const tokens = (x: number[][]) => tensor(x.slice(from, to));
      return {
        pairs: { chosen: side(sides.chosen), rejected: side(sides.rejected) },
        nll: nll<X>(tokens(logps!), tokens(mask!), { tokenCount: 4 }),
      };
    };
    const whole = part(0, 3);
    const inParts = [part(0, 1), part(1, 3)].map((x) => ops.add<X>(ops.div<X>(ops.sum<X>(orpo<X>(x.pairs)), 3), x.nll));
    const expected = (await read(ops.mean<X>(orpo<X>({ ...whole.pairs, nll: whole.nll })))) as number;
    await expectValues(ops.add<X>(inParts[0], inParts[1]), expected, 4);
  });

  it('has the gradient of its doc comment', async () => {
    const s = lo.map((x) => 1 / (1 + Math.exp(x)));
    const chosen = sides.chosen.map((c, i) => (weight(i) * -0.5 * s[i]!) / -Math.expm1(c));
    const rejected = sides.rejected.map((r, i) => (weight(i) * 0.5 * s[i]!) / -Math.expm1(r));
    const f = (c: X, r: X, n: X) => orpo<X>({ chosen: c, rejected: r, nll: n }, { lambda: 0.5 });
    await expectGradients(f, [sides.chosen, sides.rejected, [1, 2, 3]], [chosen, rejected, [weight(0), weight(1), weight(2)]]);
  });

  it('is finite with a finite gradient as the chosen side becomes certain', async () => {
    const certain = [0, -1e-30, -1e-20, -1e-7];
    const unsure = [-1, -1, -1, -1];
    const loss = flatten((await read(orpo(pair({ chosen: certain, rejected: unsure }), { lambda: 1 }))) as Values);
    expect(loss.every((v) => Number.isFinite(v) && v >= 0)).toBe(true);
    // On arrays, gradients are differences, which would step across the clamp: only the values are tested.
    const { grads } = await derivatives((c, r) => orpo<X>({ chosen: c, rejected: r }, { lambda: 1 }), [certain, unsure]);
    // -sigmoid(-lo) / (1 - e^chosen) tends to minus the odds of the rejected side.
    const limit = Math.exp(-1) / -Math.expm1(-1);
    expectClose(
      grads[0] as number[],
      certain.map((_, i) => -weight(i) * limit),
      { relative: 2e-5 },
    );
  });

  it('is finite with a finite gradient as the rejected side becomes certain', async () => {
    const f = (r: X) => orpo<X>({ chosen: tensor([-1, -1, -1]), rejected: r }, { lambda: 1 });
    const loss = flatten((await read(f(tensor([0, -1e-30, -1e-7])))) as Values);
    const expected = (rounded([-1e-30, -1e-30, -1e-7]) as number[]).map((r) => softplus(-(logOdds(-1) - logOdds(r))));
    expectClose(loss, expected, { relative: isFloat64 ? 1e-12 : 5e-6 });
    const { grads } = await derivatives(f, [[0, -1e-30, -1e-7]]);
    expect((grads[0] as number[]).every(Number.isFinite)).toBe(true);
  });

  it('leaks nothing, and names bad input', () => {
    const x = pair(sides);
    expectNoLeak(() => orpo(x));
    expectNoLeak(() => orpo({ ...x, nll: 1 }));
    const two = tensor([1, 2]);
    expectError(() => orpo({ ...x, nll: two }), RangeError, 'orpo: nll has shape [2], expected [3] like chosen');
    expectError(() => orpo({ ...x, rejected: two }), RangeError, 'orpo: rejected has shape [2], expected [3] like chosen');
    expectError(() => orpo(x, { lambda: -0.1 }), RangeError, 'orpo: lambda must be finite and >= 0, got -0.1');
    expectError(() => orpo(x, { beta: 0.1 } as never), RangeError, 'orpo: unknown option beta, expected lambda');
    expectError(() => orpo({ chosen: x.chosen } as never), TypeError, 'orpo: batch lacks rejected, expected { chosen, rejected }');
    expectError(
      () => orpo({ ...x, nlll: 1 } as never),
      TypeError,
      'orpo: batch has an unknown field nlll, expected { chosen, rejected, nll }',
    );
    expectError(() => orpo({ ...x, nll: NaN }), RangeError, 'orpo: nll must be finite, got NaN');
  });
});
