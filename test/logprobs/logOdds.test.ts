import { describe, expect, it } from 'vitest';
import { logOdds, ops, orpo } from '../../src/index.js';
import { expectError, expectGradients, expectNoLeak, expectValues, isReadable, read, tensor, weight, type X } from '../support/engine.js';
import { expectSame } from '../support/expectSame.js';

const [chosen, rejected] = [[-0.5, -1, -0.125], [-1, -1, -2]]; // prettier-ignore
const logps = () => ({ chosen: tensor(chosen), rejected: tensor(rejected) });
const odds = (x: number): number => Math.exp(x) / (1 - Math.exp(x));

describe('logOdds', () => {
  it('is the log of the ratio of the odds', async () => {
    await expectValues(logOdds<X>(logps()), chosen.map((c, i) => Math.log(odds(c) / odds(rejected[i]!)))); // prettier-ignore
  });

  it('is what orpo takes the log sigmoid of', async () => {
    await expectSame(ops.neg(ops.logSigmoid(logOdds<X>(logps()))), orpo<X>(logps(), { lambda: 1 }));
  });

  it('has the gradient of its doc comment', async () => {
    const slope = (x: number, i: number): number => weight(i) / (1 - Math.exp(x));
    await expectGradients(
      (a: X, b: X) => logOdds<X>({ chosen: a, rejected: b }),
      [chosen, rejected],
      [chosen.map(slope), rejected.map((x, i) => -slope(x, i))],
    );
  });

  it('leaks nothing, and names bad input', () => {
    const x = logps();
    expectNoLeak(() => logOdds<X>(x));
    expectError(
      () => logOdds<X>({ ...x, nll: 1 } as X),
      TypeError,
      'logOdds: logps has an unknown field nll, expected { chosen, rejected }',
    );
    const two = tensor([-1, -1]);
    expectError(() => logOdds<X>({ ...x, rejected: two }), RangeError, 'logOdds: rejected has shape [2], expected [3] like chosen');
  });

  it('names a log-prob above 0, or is NaN for its pair where values cannot be read', async () => {
    const above = { ...logps(), rejected: tensor([-1, 0.5, -2]) };
    const message = 'logOdds: value 1 of rejected must be at most 0, got 0.5';
    if (isReadable) expectError(() => logOdds<X>(above), RangeError, message);
    else expect(((await read(logOdds<X>(above))) as number[]).map(Number.isNaN)).toEqual([false, true, false]);
  });
});
