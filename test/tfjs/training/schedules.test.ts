import { describe, expect, it } from 'vitest';
import { cosineSchedule, linearSchedule } from '../../../src/index.js';
import golden from './training.json' with { type: 'json' };
import { expectError, isArrays } from '../../support/engine.js';

describe.runIf(isArrays)('linearSchedule and cosineSchedule', () => {
  it.each([
    ['linear', linearSchedule, golden.linear],
    ['cosine', cosineSchedule, golden.cosine],
  ] as const)('equal the %s schedule of transformers', (_, schedule, records) => {
    for (const { rates, ...options } of records) {
      const rate = schedule(options);
      // After the last step, this schedule stays at its final rate. In transformers, the cosine rises again, and a warmup over all steps
      // stays at its peak.
      const counted = options.warmupSteps === options.totalSteps ? options.totalSteps : options.totalSteps + 1;
      rates.slice(0, counted).forEach((expected, step) => {
        expect(rate(step)).toBeCloseTo(expected, 14);
      });
    }
  });

  it('end at the final rate', () => {
    for (const schedule of [linearSchedule, cosineSchedule]) {
      const rate = schedule({ learningRate: 2, finalLearningRate: 0.5, totalSteps: 8 });
      expect([rate(0), rate(4), rate(8), rate(100)]).toEqual([2, 1.25, 0.5, 0.5]);
    }
  });

  it.each([
    [{ learningRate: -1, totalSteps: 1 }, 'linearSchedule: learningRate must be finite and >= 0, got -1'],
    [{ learningRate: 1, totalSteps: 0 }, 'linearSchedule: totalSteps must be an integer >= 1, got 0'],
    [{ learningRate: 1, totalSteps: 3, warmupSteps: 4 }, 'linearSchedule: warmupSteps must be an integer in [0, 3], got 4'],
    [{ learningRate: 1, totalSteps: 3, finalLearningRate: -1 }, 'linearSchedule: finalLearningRate must be finite and >= 0, got -1'],
  ])('reject %j', (options, message) => {
    expectError(() => linearSchedule(options), RangeError, message);
    expectError(
      () => linearSchedule({ learningRate: 1, totalSteps: 1 })(0.5),
      RangeError,
      'linearSchedule: step must be an integer >= 0, got 0.5',
    );
  });
});
