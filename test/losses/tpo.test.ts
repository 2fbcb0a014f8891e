import { describe, it } from 'vitest';
import { tpo } from '../../src/index.js';
import { expectError, expectGradients, expectNoLeak, expectValues, tensor, type X } from '../support/engine.js';
import { weight } from '../support/samples.js';

describe('tpo', () => {
  it('is the contrast minus the gold log-prob', async () => {
    const batch = { contrast: tensor([0.5, 1.25]), gold: tensor([-2, -4]) };
    await expectValues(tpo<X>(batch), [2.5, 5.25]);
    await expectValues(tpo<X>(batch, { alpha: 0.5 }), [1.5, 3.25]);
    await expectValues(tpo<X>(batch, { alpha: 0 }), [0.5, 1.25]);
  });

  it('has the gradient of its doc comment', async () => {
    const f = (contrast: X, gold: X) => tpo<X>({ contrast, gold }, { alpha: 0.25 });
    const inputs = [[0.5, 1.25], [-2, -4]]; // prettier-ignore
    await expectGradients(f, inputs, [[weight(0), weight(1)], [-0.25 * weight(0), -0.25 * weight(1)]]); // prettier-ignore
  });

  it('leaks nothing, and names bad input', () => {
    const batch = { contrast: tensor([1, 2]), gold: tensor([-1, -2]) };
    expectNoLeak(() => tpo<X>(batch));
    const [one, matrix] = [tensor([-1]), tensor([[1], [2]])];
    expectError(() => tpo<X>({ ...batch, gold: one }), RangeError, 'tpo: gold has shape [1], expected [2] like contrast');
    expectError(() => tpo<X>({ contrast: matrix, gold: matrix }), RangeError, 'tpo: contrast has shape [2, 1], expected rank 1');
    expectError(() => tpo<X>({ ...batch, gold: null }), TypeError, 'tpo: gold is not a tensor: no registered engine owns null');
    expectError(() => tpo({ gold: batch.gold } as never), TypeError, 'tpo: batch lacks contrast, expected { contrast, gold }');
    expectError(() => tpo<X>(batch, { alpha: -1 }), RangeError, 'tpo: alpha must be finite and >= 0, got -1');
    expectError(() => tpo<X>(batch, { contrastive: 'simpo' } as never), RangeError, 'tpo: unknown option contrastive, expected alpha');
  });
});
