import { describe, expect, it } from 'vitest';
import { readMetrics, unpairedMetrics } from '../../src/index.js';
import { expectError, expectNoLeak, isReadable, expectValues, tensor, type X } from '../support/engine.js';
import { pairLogps } from '../support/samples.js';
import { expectMetrics } from '../support/metrics.js';

describe('unpairedMetrics', () => {
  const batch = (desirable: number[]) => ({ policy: tensor([-1, -2, -4]), reference: tensor([-2, -2, -2]), desirable: tensor(desirable) });

  it('are sums and counts, which readMetrics divides', async () => {
    expectMetrics(await readMetrics(unpairedMetrics<X>(batch([1, 1, 0]))), {
      'rewards/chosen': 0.05,
      'rewards/rejected': -0.2,
      'rewards/margins': 0.25,
      'logps/chosen': -1.5,
      'logps/rejected': -4,
      'count/chosen': 2,
      'count/rejected': 1,
    });
  });

  it('lack a class without examples once readMetrics has read them', async () => {
    expectMetrics(await readMetrics(unpairedMetrics<X>(batch([1, 1, 1]), { beta: 1 })), {
      'rewards/chosen': -1 / 3,
      'logps/chosen': -7 / 3,
      'count/chosen': 3,
    });
    expectMetrics(await readMetrics(unpairedMetrics<X>(batch([0, 0, 0]), { beta: 1 })), {
      'rewards/rejected': -1 / 3,
      'logps/rejected': -7 / 3,
      'count/rejected': 3,
    });
  });

  it('accept a beta per example', async () => {
    const { policy, reference } = pairLogps();
    const x = { policy: policy.chosen, reference: reference.chosen, desirable: tensor([1, 1, 0]) };
    await expectValues(unpairedMetrics<X>(x, { beta: tensor([0.1, 0.5, 2]) })['rewards/chosen_sum'], 0.1 - 0.625, 4);
  });

  it('name missing arguments and wrong shapes', () => {
    const none = 'is not a tensor: no registered engine owns null';
    const [flat, one] = [tensor([-1, -2]), tensor(1)];
    expectError(() => unpairedMetrics<X>({ policy: null, reference: flat, desirable: flat }), TypeError, `unpairedMetrics: policy ${none}`);
    expectError(
      () => unpairedMetrics<X>({ policy: flat, reference: flat, desirable: null }),
      TypeError,
      `unpairedMetrics: desirable ${none}`,
    );
    expectError(() => unpairedMetrics<X>({ policy: flat, reference: flat, desirable: one }), RangeError, 'unpairedMetrics: desirable has shape [], expected [2] like policy'); // prettier-ignore
    expectError(
      () => unpairedMetrics({ policy: flat, desirable: flat } as never),
      TypeError,
      'unpairedMetrics: batch lacks reference, expected { policy, reference, desirable }',
    );
  });

  it('leak nothing, and name bad input', () => {
    const x = batch([1, 0, 1]);
    expectNoLeak(() => unpairedMetrics(x), 6);
    const short = tensor([1, 2]);
    expectError(() => unpairedMetrics(x, { beta: short }), RangeError, 'unpairedMetrics: beta has shape [2], expected [3] like policy');
    expectError(
      () => unpairedMetrics(x, { temperature: 1 } as never),
      RangeError,
      'unpairedMetrics: unknown option temperature, expected beta',
    );
    const two = tensor([1, 0]);
    expectError(
      () => unpairedMetrics({ ...x, desirable: two }),
      RangeError,
      'unpairedMetrics: desirable has shape [2], expected [3] like policy',
    );
    expectError(() => unpairedMetrics(x, { beta: NaN }), RangeError, 'unpairedMetrics: beta must be finite and > 0, got NaN');
    expectError(
      () => unpairedMetrics({ policy: x.policy } as never),
      TypeError,
      'unpairedMetrics: batch lacks reference, expected { policy, reference, desirable }',
    );
  });

  it.runIf(isReadable)('name a label that is neither 0 nor 1', () => {
    const x = batch([1, 2, 0]);
    expectError(() => unpairedMetrics(x), RangeError, 'unpairedMetrics: value 1 of desirable must be 0 or 1, got 2');
  });

  it.skipIf(isReadable)('have NaN as a count for such a label where it cannot be read', async () => {
    expect((await readMetrics(unpairedMetrics<X>(batch([1, 2, 0]))))['count/chosen']).toBeNaN();
  });
});
