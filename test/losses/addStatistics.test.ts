import { describe, it } from 'vitest';
import { addStatistics, type KlStatistics } from '../../src/index.js';
import { expectError, expectNoLeak, expectValues, tensor, type X } from '../support/engine.js';

describe('addStatistics', () => {
  it('adds field by field, with a decay of the earlier sums and counts', async () => {
    const [a, b] = [{ sum: tensor(3), count: tensor(2) }, { sum: tensor(-1), count: tensor(4) }]; // prettier-ignore
    const total = addStatistics<KlStatistics<X>>(a, b);
    await expectValues(total.sum, 2, 4);
    await expectValues(total.count, 6, 4);
    const faded = addStatistics<KlStatistics<X>>(a, b, { decay: 0.5 });
    await expectValues(faded.sum, 0.5, 4);
    await expectValues(faded.count, 5, 4);
    expectNoLeak(() => addStatistics<KlStatistics<X>>(a, b), 2);
    expectNoLeak(() => addStatistics<KlStatistics<X>>(a, b, { decay: 0 }), 2);
  });

  it('names bad input', () => {
    const [a, list] = [{ sum: tensor(3), count: tensor(2) }, tensor([1])];
    expectError(() => addStatistics<X>(a, { sum: a.sum }), TypeError, 'addStatistics: now lacks count, expected { sum, count }');
    expectError(() => addStatistics<X>(a, { ...a, count: list }), RangeError, 'addStatistics: now.count has shape [1], expected rank 0');
    expectError(() => addStatistics<X>({ ...a, count: list }, a), RangeError, 'addStatistics: before.count has shape [1], expected rank 0');
    expectError(() => addStatistics<X>(a, a, { decay: 1.5 }), RangeError, 'addStatistics: decay must be in [0, 1], got 1.5');
    expectError(() => addStatistics<X>(null as never, a), TypeError, 'addStatistics: before must be a record of at least one scalar');
    expectError(
      () => addStatistics<X>(a, a, { momentum: 1 } as never),
      RangeError,
      'addStatistics: unknown option momentum, expected decay',
    );
  });
});
