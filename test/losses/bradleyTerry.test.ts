import { describe, expect, it } from 'vitest';
import { bradleyTerry, dpo, implicitRewards } from '../../src/index.js';
import { itCosts, kernelsOf } from '../support/costs.js';
import { engine, expectError, expectGradients, expectNoLeak, expectValues, tensor, type X } from '../support/engine.js';
import { expectSame } from '../support/expectSame.js';
import { pair, pairLogps, sigmoid, softplus, weight } from '../support/samples.js';

const rewards = { chosen: [1, -0.5, 3], rejected: [0, 0.25, 3] };
const gap = [1, -0.75, 0];
const total = [1, -0.25, 6];

describe('bradleyTerry', () => {
  itCosts('bradleyTerry', 3);

  it.runIf(engine === 'cpu')('runs the kernels Sub, Neg and Softplus', async () => {
    expect(await kernelsOf(() => bradleyTerry(pair({ chosen: [1], rejected: [0] })))).toEqual(['Sub', 'Neg', 'Softplus']);
  });

  it('is dpo for implicit rewards', async () => {
    await expectSame(bradleyTerry<X>(implicitRewards<X>(pairLogps())), dpo(pairLogps()));
  });

  it('is softplus(-(gap - margin)) + centering * total^2', async () => {
    await expectValues(
      bradleyTerry(pair(rewards)),
      gap.map((g) => softplus(-g)),
    );
    await expectValues(
      bradleyTerry(pair(rewards), { margin: 0.5 }),
      gap.map((g) => softplus(0.5 - g)),
    );
    await expectValues(
      bradleyTerry(pair(rewards), { margin: tensor([0, 1, -1]) }),
      gap.map((g, i) => softplus([0, 1, -1][i]! - g)),
    );
    await expectValues(
      bradleyTerry(pair(rewards), { centering: 0.1 }),
      gap.map((g, i) => softplus(-g) + 0.1 * total[i]! ** 2),
      4,
    );
  });

  it('scales the preference term, by one number or one per pair, and not the centering', async () => {
    await expectSame(bradleyTerry<X>(pair(rewards), { scale: 1 }), bradleyTerry<X>(pair(rewards)));
    await expectValues(
      bradleyTerry(pair(rewards), { scale: 2, margin: 0.5, centering: 0.1 }),
      gap.map((g, i) => 2 * softplus(0.5 - g) + 0.1 * total[i]! ** 2),
      4,
    );
    const scales = [3, 0, 0.5];
    await expectValues(
      bradleyTerry(pair(rewards), { scale: tensor(scales) }),
      gap.map((g, i) => scales[i]! * softplus(-g)),
      4,
    );
  });

  it('is ln 2 where the rewards are equal', async () => {
    await expectValues(bradleyTerry(pair({ chosen: [0, 7], rejected: [0, 7] })), [Math.LN2, Math.LN2]);
  });

  it('has the gradient of its doc comment, also with respect to margin and scale', async () => {
    const margins = [0.5, 0, -1];
    const scales = [2, 1, 0.5];
    const s = gap.map((g, i) => scales[i]! * sigmoid(margins[i]! - g));
    const c = (sign: number) => s.map((v, i) => weight(i) * (-sign * v + 0.2 * total[i]!));
    const f = (a: X, b: X, m: X, by: X) => bradleyTerry<X>({ chosen: a, rejected: b }, { margin: m, scale: by, centering: 0.1 });
    const values = gap.map((g, i) => weight(i) * softplus(margins[i]! - g));
    await expectGradients(f, [rewards.chosen, rewards.rejected, margins, scales], [c(1), c(-1), s.map((v, i) => weight(i) * v), values]);
  });

  it('is finite at rewards of 1e4', async () => {
    await expectValues(bradleyTerry(pair({ chosen: [1e4, 0], rejected: [0, 1e4] })), [0, 1e4]);
  });

  it('leaks nothing, and names bad input', () => {
    const x = pair(rewards);
    expectNoLeak(() => bradleyTerry(x, { margin: 1, centering: 0.1 }));
    expectError(() => bradleyTerry(x, { centering: -1 }), RangeError, 'bradleyTerry: centering must be finite and >= 0, got -1');
    expectError(() => bradleyTerry(x, { margin: Infinity }), RangeError, 'bradleyTerry: margin must be finite, got Infinity');
    expectError(() => bradleyTerry(x, { scale: -1 }), RangeError, 'bradleyTerry: scale must be finite and >= 0, got -1');
    expectError(
      () => bradleyTerry(x, { beta: 1 } as never),
      RangeError,
      'bradleyTerry: unknown option beta, expected margin, scale, centering',
    );
    expectError(
      () => bradleyTerry({ chosen: x.chosen } as never),
      TypeError,
      'bradleyTerry: rewards lacks rejected, expected { chosen, rejected }',
    );
    const two = tensor([1, 2]);
    expectError(() => bradleyTerry(x, { margin: two }), RangeError, 'bradleyTerry: margin has shape [2], expected [3] like chosen');
  });
});
