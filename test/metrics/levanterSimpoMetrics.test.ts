import { describe, it } from 'vitest';
import { levanterSimpoMetrics, readMetrics } from '../../src/index.js';
import { expectError, expectNoLeak, tensor, type X } from '../support/engine.js';
import { expectMetrics, mean } from '../support/metrics.js';
import { pair, softplus } from '../support/samples.js';

// The last pair meets the target margin, and does not exceed it.
const logps = { chosen: [-0.5, -1, -0.25, -0.5], rejected: [-1.5, -1.25, -1, -1] };
const margins = logps.chosen.map((c, i) => c - logps.rejected[i]!);

describe('levanterSimpoMetrics', () => {
  it("has Levanter's names and definitions", async () => {
    const expected = {
      simpo_loss: mean(margins.map((m) => softplus(1 - 2 * m))),
      simpo_chosen_logp: mean(logps.chosen),
      simpo_rejected_logp: mean(logps.rejected),
      simpo_margin: mean(margins),
      simpo_accuracy: 2 / 4,
    };
    expectMetrics(await readMetrics(levanterSimpoMetrics<X>(pair(logps), { beta: 2, gamma: 1 })), expected);
    expectMetrics(await readMetrics(levanterSimpoMetrics<X>(pair(logps), { beta: 2, gammaBetaRatio: 0.5 })), expected);
  });

  it('leaks nothing, and names bad input', () => {
    const x = pair(logps);
    expectNoLeak(() => levanterSimpoMetrics<X>(x, { beta: 2, gamma: 1 }), 5);
    const fn = 'levanterSimpoMetrics';
    expectError(() => levanterSimpoMetrics<X>(x, { gamma: 1 } as never), TypeError, `${fn}: beta is undefined, expected a number`);
    expectError(() => levanterSimpoMetrics<X>(x, { beta: 2 } as never), RangeError, `${fn}: neither gamma nor gammaBetaRatio is given, expected one of them`); // prettier-ignore
    const two = tensor([-1, -1]);
    expectError(() => levanterSimpoMetrics<X>({ ...x, rejected: two }, { beta: 2, gamma: 1 }), RangeError, `${fn}: rejected has shape [2], expected [4] like chosen`); // prettier-ignore
  });
});
