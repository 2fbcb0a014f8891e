import { describe, it } from 'vitest';
import { nashMd } from '../../src/index.js';
import { expectError, expectGradients, isReadable, tensor, weight, type X } from '../support/engine.js';

const batch = (): X => ({ policy: tensor([[-1, -2], [-3, -4]]), reference: tensor([[-1, -2], [-3, -4]]), mask: tensor([[1, 1], [1, 0]]) }); // prettier-ignore

describe('nashMd', () => {
  it('has the gradient of its doc comment', async () => {
    const [policy, reference, mask] = [[[-1, -2, -3]], [[-1.5, -1, -9]], [[1, 1, 0]]]; // prettier-ignore
    const f = (p: X, q: X): X => nashMd<X>({ policy: p, reference: q, mask: tensor(mask) }, { beta: 0.2, preference: 0.75 });
    const slope = [weight(0) * (0.2 * 0.5 - 0.25), weight(0) * (0.2 * -1 - 0.25), 0];
    await expectGradients(f, [policy, reference], [[slope], [[0, 0, 0]]]);
  });

  it('names a missing argument', () => {
    const none = 'is not a tensor: no registered engine owns null';
    const x = batch();
    expectError(
      () => nashMd<X>({ policy: x.policy, reference: x.reference } as X, { preference: 1 }),
      TypeError,
      'nashMd: batch lacks mask, expected { policy, reference, mask }',
    );
    expectError(() => nashMd<X>({ ...x, policy: null }, { preference: 1 }), TypeError, `nashMd: policy ${none}`);
    expectError(
      () => nashMd<X>(x, { preference: null }),
      TypeError,
      'nashMd: preference is not a number or tensor: no registered engine owns null',
    );
    expectError(() => nashMd<X>({ ...x, reference: null }, { preference: 1 }), TypeError, `nashMd: reference ${none}`);
    expectError(() => nashMd<X>({ ...x, mask: null }, { preference: 1 }), TypeError, `nashMd: mask ${none}`);
  });

  it('names a wrong shape', () => {
    const [x, flat, single] = [batch(), tensor([-1, -2]), tensor([1])];
    expectError(() => nashMd<X>({ policy: flat, reference: flat, mask: flat }, { preference: 1 }), RangeError, 'nashMd: policy has shape [2], expected rank 2'); // prettier-ignore
    expectError(() => nashMd<X>({ ...x, reference: flat }, { preference: 1 }), RangeError, 'nashMd: reference has shape [2], expected [2, 2] like policy'); // prettier-ignore
    expectError(() => nashMd<X>({ ...x, mask: flat }, { preference: 1 }), RangeError, 'nashMd: mask has shape [2], expected [2, 2] like policy'); // prettier-ignore
    expectError(() => nashMd<X>(x, { preference: single }), RangeError, 'nashMd: preference has shape [1], expected [2] like policy');
  });

  it('names bad options', () => {
    const x = batch();
    expectError(() => nashMd<X>(x, { preference: 1, x: 1 } as X), RangeError, 'nashMd: unknown option x, expected beta, preference');
    expectError(() => nashMd<X>(x, { preference: 1, beta: -1 }), RangeError, 'nashMd: beta must be finite and >= 0, got -1');
    expectError(() => nashMd<X>(x, { preference: 2 }), RangeError, 'nashMd: preference must be in [0, 1], got 2');
  });

  // If values cannot be read, such a row becomes NaN.
  it.runIf(isReadable)('names a value of a preference tensor outside [0, 1]', () => {
    const [x, outside] = [batch(), tensor([0, 2])];
    expectError(() => nashMd<X>(x, { preference: outside }), RangeError, 'nashMd: value 1 of preference must be in [0, 1], got 2');
  });
});
