import { describe, expect, it } from 'vitest';
import { readMetrics } from '../../src/index.js';
import { liveTensors, tensor, isTfjs } from '../support/engine.js';

describe('readMetrics', () => {
  it('reads scalars of the engine and plain numbers, and frees what it made', async () => {
    const metrics = { a: tensor(1.5), b: 2, c: tensor(-3) };
    const before = liveTensors();
    expect(await readMetrics(metrics)).toEqual({ a: 1.5, b: 2, c: -3 });
    expect(liveTensors()).toBe(before);
    expect(await readMetrics({})).toEqual({});
  });

  it('leaves sums without a count and a given margin unchanged', async () => {
    expect(await readMetrics({ tokens_sum: 7, 'rewards/chosen': 2, 'rewards/rejected': 1, 'rewards/margins': 9 })).toEqual({
      tokens_sum: 7,
      'rewards/chosen': 2,
      'rewards/rejected': 1,
      'rewards/margins': 9,
    });
  });

  it('names metrics that are not scalars', async () => {
    await expect(readMetrics({ ok: 1, loss: tensor([1, 2]) })).rejects.toThrow(
      new RangeError('readMetrics: loss has shape [2], expected rank 0'),
    );
    await expect(readMetrics({ loss: 'x' })).rejects.toThrow(
      new TypeError('readMetrics: loss is not a tensor: no registered engine owns "x"'),
    );
  });

  // Lists cannot be disposed.
  it.runIf(isTfjs)('names a disposed tensor', async () => {
    const loss = tensor(1);
    loss.dispose();
    await expect(readMetrics({ loss })).rejects.toThrow(new TypeError('readMetrics: loss is disposed'));
  });
});
