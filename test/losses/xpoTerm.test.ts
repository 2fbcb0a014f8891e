import { describe, it } from 'vitest';
import { xpoTerm } from '../../src/index.js';
import { expectError, expectGradients, tensor, weight, type X } from '../support/engine.js';

describe('xpoTerm', () => {
  it('has the gradient of its doc comment', async () => {
    await expectGradients((x: X) => xpoTerm<X>(x, { alpha: 0.5 }), [[-4, -8]], [[0.5 * weight(0), 0.5 * weight(1)]]);
  });

  it('names bad input', () => {
    const none = 'is not a tensor: no registered engine owns null';
    const [flat, rows]: X[] = [tensor([-1, -2]), tensor([[-1, -2], [-3, -4]])]; // prettier-ignore
    expectError(() => xpoTerm<X>(null), TypeError, `xpoTerm: logps ${none}`);
    expectError(() => xpoTerm<X>(rows), RangeError, 'xpoTerm: logps has shape [2, 2], expected rank 1');
    expectError(() => xpoTerm<X>(flat, { x: 1 } as X), RangeError, 'xpoTerm: unknown option x, expected alpha');
    expectError(() => xpoTerm<X>(flat, { alpha: -1 }), RangeError, 'xpoTerm: alpha must be finite and >= 0, got -1');
  });
});
