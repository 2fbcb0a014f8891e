import { describe, it } from 'vitest';
import { pairMetrics, readMetrics } from '../../src/index.js';
import { expectError, expectNoLeak, expectValues, tensor, type X } from '../support/engine.js';
import { delta, pair, pairLogps, sample } from '../support/samples.js';
import { expectClose } from '../../src/testing/index.js';
import { expectMetrics, mean, rewards } from '../support/metrics.js';

describe('pairMetrics', () => {
  it("has TRL's names and definitions", async () => {
    const [chosen, rejected] = [rewards('chosen'), rewards('rejected')];
    expectMetrics(await readMetrics(pairMetrics<X>(pairLogps())), {
      'rewards/chosen': mean(chosen),
      'rewards/rejected': mean(rejected),
      'rewards/margins': mean(delta) * 0.1,
      'rewards/accuracies': 1 / 3,
      'logps/chosen': mean(sample.policy.chosen),
      'logps/rejected': mean(sample.policy.rejected),
    });
  });

  it('counts a tie as 0, or as one half with the option', async () => {
    const same = pairLogps({ policy: sample.policy, reference: sample.policy });
    expectMetrics({ a: (await readMetrics(pairMetrics<X>(same)))['rewards/accuracies']! }, { a: 0 });
    expectMetrics({ a: (await readMetrics(pairMetrics<X>(same, { ties: 'half' })))['rewards/accuracies']! }, { a: 0.5 });
  });

  it('takes beta times the log-probs as rewards without a reference', async () => {
    const metrics = await readMetrics(pairMetrics<X>({ policy: pair(sample.policy) }, { beta: 2 }));
    expectMetrics({ a: metrics['rewards/chosen']!, b: metrics['rewards/accuracies']! }, { a: 2 * mean(sample.policy.chosen), b: 2 / 3 });
  });

  it('accepts a beta per pair', async () => {
    const beta = tensor([0.1, 0.5, 2]);
    const metrics = await readMetrics(pairMetrics<X>(pairLogps(), { beta }));
    expectClose(metrics['rewards/chosen']!, mean([0.1, -0.625, 0]), { relative: 1e-5 });
    expectClose(metrics['rewards/rejected']!, mean([-0.1, 1.25, 0]), { relative: 1e-5 });
    const free = await readMetrics(pairMetrics<X>({ policy: pairLogps().policy }, { beta }));
    expectClose(free['rewards/chosen']!, mean([-1, -15.75, -14.5]), { relative: 1e-5 });
  });

  it('leaks nothing, and names bad input', () => {
    const x = pairLogps();
    expectNoLeak(() => pairMetrics(x), 6);
    const two = tensor([1, 2]);
    expectError(() => pairMetrics(x, { beta: two }), RangeError, 'pairMetrics: beta has shape [2], expected [3] like policy.chosen');
    expectError(
      () => pairMetrics(x, { temperature: 1 } as never),
      RangeError,
      'pairMetrics: unknown option temperature, expected beta, ties, alpha',
    );
    expectError(() => pairMetrics(x, { beta: 0 }), RangeError, 'pairMetrics: beta must be finite and > 0, got 0');
    expectError(() => pairMetrics(x, { ties: 'win' } as never), RangeError, 'pairMetrics: ties must be one of "zero", "half", got "win"');
    expectError(() => pairMetrics({ policy: x.policy }, { alpha: 0 }), RangeError, 'pairMetrics: alpha must be finite and not 0, got 0');
    expectError(() => pairMetrics(x, { alpha: 0.25 }), RangeError, 'pairMetrics: alpha would be ignored next to a reference');
    expectError(() => pairMetrics({} as never), TypeError, 'pairMetrics: logps lacks policy, expected { policy }');
    const one = tensor([1]);
    expectError(
      () => pairMetrics({ policy: { ...x.policy, rejected: one } }),
      RangeError,
      'pairMetrics: policy.rejected has shape [1], expected [3] like policy.chosen',
    );
  });
});

describe('pairMetrics without a reference', () => {
  it('takes the rewards of AlphaPO with its alpha', async () => {
    const logps = { chosen: [-0.5, -2], rejected: [-1, -1.5] };
    const reward = (x: number): number => 2 * ((1 - Math.exp(-0.25 * x)) / 0.25);
    const metrics = await readMetrics(pairMetrics<X>({ policy: pair(logps) }, { beta: 2, alpha: 0.25 }));
    expectMetrics(metrics, {
      'rewards/chosen': mean(logps.chosen.map(reward)),
      'rewards/rejected': mean(logps.rejected.map(reward)),
      'rewards/margins': mean(logps.chosen.map((c, i) => reward(c) - reward(logps.rejected[i]!))),
      'rewards/accuracies': 0.5,
      'logps/chosen': -1.25,
      'logps/rejected': -1.25,
    });
  });

  it('does not count an empty chosen completion, whose mean is 0, as larger', async () => {
    const [empty, both] = [
      { chosen: [0, -1], rejected: [-1, -2] },
      { chosen: [0, -1], rejected: [0, -1] },
    ];
    const of = async (logps: typeof empty, options = {}) =>
      (await readMetrics(pairMetrics<X>({ policy: pair(logps) }, options)))['rewards/accuracies'];
    expectMetrics({ empty: (await of(empty))!, alpha: (await of(empty, { alpha: 1 }))! }, { empty: 0.5, alpha: 0.5 });
    expectMetrics({ half: (await of(both, { ties: 'half' }))! }, { half: 0.25 });
    const reference = pair({ chosen: [-1, -1], rejected: [-1, -1] });
    expectMetrics({ a: (await readMetrics(pairMetrics<X>({ policy: pair(empty), reference })))['rewards/accuracies']! }, { a: 1 });
  });
});

describe('pairMetrics of a win, a tie and a loss', () => {
  const [zeros, one] = [[0, 0, 0], [1, 0, -1]]; // prettier-ignore
  const logps = () => ({ policy: pair({ chosen: one!, rejected: zeros! }), reference: pair({ chosen: zeros!, rejected: zeros! }) });
  it.each([
    ['zero', 1 / 3],
    ['half', 1 / 2],
  ] as const)('count a tie as %s', async (ties, expected) => {
    await expectValues(pairMetrics<X>(logps(), { ties })['rewards/accuracies'], expected);
  });
});
