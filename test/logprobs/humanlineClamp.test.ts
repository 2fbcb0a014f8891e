import { describe, expect, it } from 'vitest';
import { humanlineClamp } from '../../src/index.js';
import type { Values } from '../../src/testing/index.js';
import { expectError, expectGradients, expectNoLeak, expectValues, flatten, isReadable, read, tensor, type X } from '../support/engine.js';
import { weight } from '../support/samples.js';

describe('humanlineClamp', () => {
  const batch = { policy: [[-1, -4, -3, -2]], reference: [[-1.5, -2, -6, -2]], mask: [[1, 1, 1, 0]] };
  const tensors = (): X => ({ policy: tensor(batch.policy), reference: tensor(batch.reference), mask: tensor(batch.mask) });

  it('clamps log-ratios to the bounds, and returns the share within them', async () => {
    const { policy, unclamped } = humanlineClamp<X>(tensors());
    await expectValues(policy, [[-1, -3, -4.5, -2]], 4);
    await expectValues(unclamped, 1 / 3);
    const wide = humanlineClamp<X>(tensors(), { low: -10, high: 10 });
    await expectValues(wide.policy, batch.policy, 4);
    await expectValues(wide.unclamped, 1);
  });

  it('counts only tokens strictly within the bounds, and all tokens at the reference', async () => {
    const { unclamped } = humanlineClamp<X>({ policy: tensor([[-2, 0.5]]), reference: tensor([[-1, -1]]), mask: tensor([[1, 1]]) });
    await expectValues(unclamped, 0);
    const same = tensor([[-1, -2]]);
    await expectValues(humanlineClamp<X>({ policy: same, reference: same, mask: tensor([[1, 1]]) }).unclamped, 1);
  });

  it('has the gradient 1 within the bounds and 0 outside', async () => {
    const f = (p: X): X => humanlineClamp<X>({ ...tensors(), policy: p }).policy;
    await expectGradients(f, [batch.policy], [[[weight(0), 0, 0, weight(3)]]]);
  });

  it('leaks nothing, and names bad input', () => {
    const x = tensors();
    expectNoLeak(() => humanlineClamp(x), 2);
    const call = (options: object) => () => humanlineClamp(x, options);
    expectError(call({ low: NaN }), RangeError, 'humanlineClamp: low must be finite, got NaN');
    expectError(call({ low: 2 }), RangeError, 'humanlineClamp: high must be finite and > low (2), got 1.5');
    expectError(call({ high: NaN }), RangeError, 'humanlineClamp: high must be finite and > low (-1), got NaN');
    expectError(() => humanlineClamp({ policy: x.policy } as never), TypeError, 'humanlineClamp: batch lacks reference, expected { policy, reference, mask }'); // prettier-ignore
    const one = tensor([[1]]);
    expectError(
      () => humanlineClamp({ ...x, mask: one }),
      RangeError,
      'humanlineClamp: mask has shape [1, 1], expected [1, 4] like policy',
    );
  });

  it.skipIf(isReadable)('is NaN for a token whose mask is neither 0 nor 1 where it cannot be read', async () => {
    const { policy } = humanlineClamp<X>({ ...tensors(), mask: tensor([[1, 2, 1, 0]]) });
    expect(flatten((await read(policy)) as Values).map(Number.isNaN)).toEqual([false, true, false, false]);
  });

  it('names missing arguments, wrong shapes and unknown options', () => {
    const none = 'is not a tensor: no registered engine owns null';
    const [flat, rows, ones] = [tensor([-1, -2]), tensor([[-1, -2], [-3, -4]]), tensor([[1, 1], [1, 0]])]; // prettier-ignore
    const x = { policy: rows, reference: rows, mask: ones };
    expectError(() => humanlineClamp<X>({ ...x, policy: null }), TypeError, `humanlineClamp: policy ${none}`);
    expectError(() => humanlineClamp<X>({ ...x, reference: null }), TypeError, `humanlineClamp: reference ${none}`);
    expectError(() => humanlineClamp<X>({ policy: flat, reference: flat, mask: flat }), RangeError, 'humanlineClamp: policy has shape [2], expected rank 2'); // prettier-ignore
    expectError(() => humanlineClamp<X>({ ...x, reference: flat }), RangeError, 'humanlineClamp: reference has shape [2], expected [2, 2] like policy'); // prettier-ignore
    expectError(() => humanlineClamp<X>(x, { x: 1 } as X), RangeError, 'humanlineClamp: unknown option x, expected low, high');
    expectError(() => humanlineClamp<X>(x, { low: 1, high: 1 }), RangeError, 'humanlineClamp: high must be finite and > low (1), got 1');
  });
});
