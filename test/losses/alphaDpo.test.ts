import { describe, it } from 'vitest';
import { alphaDpo, logRatioMargin, marginStatistics, simpo } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectError, expectGradients, expectNoLeak, expectValues, tensor, type X } from '../support/engine.js';
import { expectSame } from '../support/expectSame.js';
import { expectTargetMarginErrors } from '../support/targetMargin.js';
import { along, four } from '../support/pairGradients.js';
import { fromFour, pair, sigmoid, softplus } from '../support/samples.js';

const logps = () => ({
  policy: pair({ chosen: [-0.5, -1, -2], rejected: [-1, -0.75, -2.5] }),
  reference: pair({ chosen: [-0.75, -1, -2], rejected: [-0.75, -1, -2] }),
});
const margins = [0.5, -0.25, 0.5];
const ratios = [0.5, -0.25, 0.5];
const statistics = { mean: 0.25, std: 0.5 };

describe('alphaDpo', () => {
  itCosts('alphaDpo', 12);

  it('is simpo with alpha 0', async () => {
    const { policy } = logps();
    await expectSame(alphaDpo<X>({ ...logps(), statistics }, { alpha: 0, beta: 2, gamma: 1 }), simpo<X>(policy, { beta: 2, gamma: 1 }));
  });

  it('adds alpha times the normalised margin to the target', async () => {
    const h = margins.map((m, i) => 2.5 * (m - 0.2 * ((ratios[i]! - 0.25) / 0.5) - 0.6));
    const options = { alpha: 0.2, beta: 2.5 };
    const batch = { ...logps(), statistics };
    await expectValues(
      alphaDpo<X>(batch, { ...options, gammaBetaRatio: 0.6 }),
      h.map((x) => softplus(-x)),
      8,
    );
    await expectValues(
      alphaDpo<X>(batch, { ...options, gamma: 1.5, labelSmoothing: 0.125 }),
      h.map((x) => 0.875 * softplus(-x) + 0.125 * softplus(x)),
      8,
    );
  });

  it('takes the statistics that marginStatistics returns, and a deviation of 0', async () => {
    const options = { alpha: 0.2, beta: 2, gamma: 0 };
    const own = marginStatistics<X>(logRatioMargin<X>(logps()), { previous: { mean: tensor(0.25), std: tensor(0.5) } });
    const z = (x: number, mean: number, std: number): number => (x - mean) / std;
    const [mean, std] = [0.225 + 0.1 * 0.25, 0.45 + 0.1 * Math.sqrt(0.1875)];
    await expectValues(
      alphaDpo<X>({ ...logps(), statistics: own }, options),
      margins.map((m, i) => softplus(-2 * (m - 0.2 * z(ratios[i]!, mean, std)))),
      16,
    );
    const none = { mean: 0.5, std: 0 };
    await expectValues(alphaDpo<X>({ ...logps(), statistics: none }, { ...options, alpha: 1e-15 }), [
      softplus(-1),
      softplus(2 * 0.25 - 2 * 0.75),
      softplus(-1),
    ]);
  });

  it('has the gradient of its doc comment, and none by the reference', async () => {
    const [b, e] = [0.5, 0.125];
    const policyMargin = (i: number): number => four[0]![i]! - four[1]![i]!;
    const g = along(({ d }, i) => b * (e - sigmoid(-b * (policyMargin(i) - 0.1 * ((d - 0.25) / 0.5)) + 0.25)));
    await expectGradients(
      (p: X, q: X, r: X, s: X) =>
        alphaDpo<X>({ ...fromFour(p, q, r, s), statistics }, { alpha: 0.1, beta: b, gamma: 0.25, labelSmoothing: e }),
      four,
      [g, g.map((x) => -x), [0, 0, 0], [0, 0, 0]],
    );
  });

  it('leaks nothing, and names bad input', () => {
    const [x, mean, std, two] = [logps(), tensor(0.25), tensor(0.5), tensor([1, 2])];
    const options = { alpha: 0.1, beta: 2, gamma: 0.5 };
    expectNoLeak(() => alphaDpo<X>({ ...x, statistics: { mean, std } }, options));
    expectTargetMarginErrors('alphaDpo', (own) => alphaDpo<X>({ ...x, statistics }, { alpha: 0.1, ...own } as never));
    const call = (of: object) => () => alphaDpo<X>({ ...x, ...of } as never, options);
    expectError(call({}), TypeError, 'alphaDpo: batch lacks statistics, expected { policy, reference, statistics }');
    expectError(call({ statistics: { mean } }), TypeError, 'alphaDpo: statistics lacks std, expected { mean, std }');
    expectError(call({ statistics: { mean: two, std } }), RangeError, 'alphaDpo: statistics.mean has shape [2], expected rank 0');
    expectError(
      call({ statistics: { mean, std: 'a' } }),
      TypeError,
      'alphaDpo: statistics.std is not a tensor: no registered engine owns "a"',
    );
    expectError(
      () => alphaDpo<X>({ ...x, statistics }, { ...options, alpha: -1 }),
      RangeError,
      'alphaDpo: alpha must be finite and >= 0, got -1',
    );
  });
});
