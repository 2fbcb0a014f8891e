import { describe, expect, it } from 'vitest';
import { robustMean } from '../../src/index.js';
import { expectError, expectGradients, expectNoLeak, expectValues, read, tensor, weight, type X } from '../support/engine.js';

describe('robustMean', () => {
  it('is the loss if all are equal, otherwise between the smallest and the mean', async () => {
    await expectValues(robustMean<X>(tensor([0.5, 0.5, 0.5])), 0.5);
    const value = (await read(robustMean<X>(tensor([0.5, 1, 6])))) as number;
    expect(value).toBeGreaterThan(0.5);
    expect(value).toBeLessThan(2.5);
    expect((await read(robustMean<X>(tensor([0.5, 1, 6]), { betaPrime: 1e3 }))) as number).toBeCloseTo(2.5, 1);
  });

  it('has the gradient of its doc comment', async () => {
    const values = [0.5, 0.75, 4];
    const shares = values.map((v) => Math.exp(-v / 2));
    const total = shares.reduce((sum, v) => sum + v, 0);
    await expectGradients((x: X) => robustMean<X>(x, { betaPrime: 2 }), [values], [shares.map((v) => (weight(0) * v) / total)]);
  });

  it('leaks nothing, and names bad input', () => {
    const [x, flat] = [tensor([1, 2]), tensor(1)];
    expectNoLeak(() => robustMean<X>(x));
    expectError(() => robustMean<X>(x, { betaPrime: 0 }), RangeError, 'robustMean: betaPrime must be finite and > 0, got 0');
    const none = 'is not a tensor: no registered engine owns null';
    expectError(() => robustMean<X>(null), TypeError, `robustMean: losses ${none}`);
    expectError(() => robustMean<X>(x, { x: 1 } as X), RangeError, 'robustMean: unknown option x, expected betaPrime');
    expectError(() => robustMean<X>(flat), RangeError, 'robustMean: losses has shape [], expected rank 1');
  });
});
