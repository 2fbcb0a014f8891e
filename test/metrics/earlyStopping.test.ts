import { describe, expect, it } from 'vitest';
import { earlyStopping, readMetrics, type EarlyStopping, type EarlyStoppingOptions } from '../../src/index.js';
import { expectError, tensor } from '../support/engine.js';

/** The results for a sequence of values. */
function follow(values: readonly number[], options: Omit<EarlyStoppingOptions, 'metric' | 'previous'>): EarlyStopping[] {
  let previous: EarlyStopping | undefined;
  return values.map((loss) => (previous = earlyStopping({ loss }, { ...options, metric: 'loss', previous })));
}

const summary = (all: readonly EarlyStopping[]) =>
  all.map(({ best, wait, improved, shouldStop }) => `${best} ${wait}${improved ? ' improved' : ''}${shouldStop ? ' stop' : ''}`);

describe('earlyStopping', () => {
  it('keeps the smallest or the largest value; an equal one is no improvement', () => {
    const values = [0.5, 0.75, 0.5, 0.25];
    expect(summary(follow(values, { mode: 'min' }))).toEqual(['0.5 0 improved', '0.5 1', '0.5 2', '0.25 0 improved']);
    expect(summary(follow(values, { mode: 'max' }))).toEqual(['0.5 0 improved', '0.75 0 improved', '0.75 1', '0.75 2']);
  });

  it('stops after `patience` evaluations without an improvement, and goes on if one comes after all', () => {
    const values = [3, 2, 4, 4, 1];
    expect(follow(values, { mode: 'min', patience: 2 }).map(({ shouldStop }) => shouldStop)).toEqual([false, false, false, true, false]);
    expect(follow(values, { mode: 'min', patience: 1 }).map(({ shouldStop }) => shouldStop)).toEqual([false, false, true, true, false]);
    expect(follow([1, 2, 3, 4, 5], { mode: 'min' }).some(({ shouldStop }) => shouldStop)).toBe(false);
  });

  it('counts only improvements above minDelta, measured from the best value', () => {
    // Small steps add up, because the best value stays where it was.
    expect(summary(follow([1, 0.75, 0.5, 0.25], { mode: 'min', minDelta: 0.5 }))).toEqual([
      '1 0 improved',
      '1 1',
      '1 2',
      '0.25 0 improved',
    ]);
    expect(summary(follow([1, 1.5, 2], { mode: 'max', minDelta: 0.5 }))).toEqual(['1 0 improved', '1 1', '2 0 improved']);
  });

  it.each([NaN, Infinity, -Infinity])('never takes %s for an improvement', (bad) => {
    for (const mode of ['min', 'max'] as const) {
      expect(summary(follow([bad, 2, bad], { mode, patience: 1 }))).toEqual(['undefined 1 stop', '2 0 improved', '2 1 stop']);
    }
  });

  it('continues from JSON as if it had not stopped, also before the first finite value', () => {
    const options = { metric: 'loss', mode: 'min', patience: 3 } as const;
    for (const values of [
      [NaN, NaN, 1, 2, 0.5],
      [1, 2, 3, 4, NaN],
    ]) {
      // prettier-ignore
      let previous: EarlyStopping | undefined;
      const resumed = values.map((loss) => {
        const saved = previous && (JSON.parse(JSON.stringify(previous)) as EarlyStopping);
        return (previous = earlyStopping({ loss }, { ...options, previous: saved }));
      });
      expect(resumed).toEqual(follow(values, options));
    }
  });

  it('takes what readMetrics returns, and names what there is if a class without examples was left out', async () => {
    const sums = { 'rewards/chosen_sum': tensor(3), 'count/chosen': tensor(2), 'rewards/rejected_sum': 0, 'count/rejected': 0 };
    const metrics = await readMetrics(sums);
    expect(earlyStopping(metrics, { metric: 'rewards/chosen', mode: 'max' }).best).toBe(1.5);
    expectError(
      () => earlyStopping(metrics, { metric: 'rewards/rejected', mode: 'min' }),
      RangeError,
      'earlyStopping: metrics has no rewards/rejected, only rewards/chosen, count/chosen',
    );
  });

  it('names bad input', () => {
    const fn = 'earlyStopping';
    const options = { metric: 'loss', mode: 'min' } as const;
    const cases: [unknown, unknown, typeof TypeError | typeof RangeError, string][] = [
      [{}, options, RangeError, 'metrics has no loss, and no other'],
      [{ loss: 1 }, { ...options, metric: 'toString' }, RangeError, 'metrics has no toString, only loss'],
      [{ loss: [1] }, options, TypeError, "metrics['loss'] is a list, expected a number, as readMetrics returns it"],
      [null, options, TypeError, 'metrics is null, expected a record of numbers'],
      [{ loss: 1 }, { mode: 'min' }, TypeError, 'metric is undefined, expected the name of a metric'],
      [{ loss: 1 }, { metric: 'loss' }, RangeError, 'mode must be one of "min", "max", got undefined'],
      [{ loss: 1 }, { ...options, mode: 'auto' }, RangeError, 'mode must be one of "min", "max", got "auto"'],
      [{ loss: 1 }, { ...options, patience: 0 }, RangeError, 'patience must be an integer >= 1, got 0'],
      [{ loss: 1 }, { ...options, patience: 1.5 }, RangeError, 'patience must be an integer >= 1, got 1.5'],
      [{ loss: 1 }, { ...options, minDelta: -1 }, RangeError, 'minDelta must be finite and >= 0, got -1'],
      [{ loss: 1 }, { ...options, previous: {} }, TypeError, 'previous lacks wait, expected { wait }'],
      [{ loss: 1 }, { ...options, previous: { wait: -1 } }, RangeError, 'previous.wait must be an integer >= 0, got -1'],
      [{ loss: 1 }, { ...options, previous: { wait: 0, best: NaN } }, RangeError, 'previous.best must be finite, got NaN'],
      [{ loss: 1 }, { ...options, min_delta: 1 }, RangeError, 'unknown option min_delta, expected metric, mode, patience, minDelta, previous'], // prettier-ignore
      [{ loss: 1 }, undefined, TypeError, 'options is undefined, expected a plain object'],
    ];
    for (const [metrics, given, kind, message] of cases)
      expectError(() => earlyStopping(metrics as never, given as never), kind, `${fn}: ${message}`);
  });
});
