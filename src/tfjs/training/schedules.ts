import { checkNumber, checkOptions } from '../../internal/checks.js';
import { positiveInteger, notNegative, wholeNumber } from '../../internal/domains.js';

/** Options of {@link linearSchedule} and {@link cosineSchedule}. */
export interface ScheduleOptions {
  /** Learning rate at the end of the warmup, 0 or more. */
  readonly learningRate: number;
  /** Number of steps of the whole training, including the warmup; an integer, 1 or more. */
  readonly totalSteps: number;
  /** Number of steps over which the rate rises from 0; an integer in [0, `totalSteps`]. Default 0. */
  readonly warmupSteps?: number;
  /** Learning rate from step `totalSteps` on, 0 or more. Default 0. */
  readonly finalLearningRate?: number;
}

/**
 * Returns the learning rate for the next step, given the number of steps so far. It throws a RangeError unless `step` is an integer, 0 or
 * more.
 */
export type Schedule = (step: number) => number;

/** Builds a schedule from the shape of its decay, which falls from 1 at 0 to 0 at 1. */
function schedule(fn: string, options: ScheduleOptions, shape: (progress: number) => number): Schedule {
  checkOptions(fn, options, ['learningRate', 'totalSteps', 'warmupSteps', 'finalLearningRate']);
  const { learningRate, totalSteps, warmupSteps = 0, finalLearningRate = 0 } = options;
  checkNumber(fn, 'learningRate', learningRate, notNegative);
  checkNumber(fn, 'totalSteps', totalSteps, positiveInteger);
  checkNumber(fn, 'finalLearningRate', finalLearningRate, notNegative);
  const withinTotal = { words: `an integer in [0, ${totalSteps}]`, has: (v: number) => wholeNumber.has(v) && v <= totalSteps };
  checkNumber(fn, 'warmupSteps', warmupSteps, withinTotal);
  return (step) => {
    checkNumber(fn, 'step', step, wholeNumber);
    if (step < warmupSteps) return (learningRate * step) / warmupSteps;
    const progress = step < totalSteps ? (step - warmupSteps) / (totalSteps - warmupSteps) : 1;
    return finalLearningRate + (learningRate - finalLearningRate) * shape(progress);
  };
}

/**
 * Learning rate with a linear warmup and a linear decay. With W = `warmupSteps`, T = `totalSteps` and final = `finalLearningRate`:
 *
 *     rate(t) = learningRate t / W                                        for t below W
 *             = final + (learningRate - final) (1 - (t - W) / (T - W))    for t from W to T
 *             = final                                                     for t from T on
 *
 * @param options - See {@link ScheduleOptions}.
 * @returns A function from the number of steps so far to the rate of the next step: `optimizer.learningRate = rate(step)`.
 * @throws RangeError if a number is outside its range.
 *
 * @example
 * ```ts
 * import { linearSchedule } from 'prefloss';
 * const rate = linearSchedule({ learningRate: 1, totalSteps: 10, warmupSteps: 2 });
 * console.log([0, 1, 2, 6, 10].map(rate).join()); // 0,0.5,1,0.5,0
 * ```
 */
export function linearSchedule(options: ScheduleOptions): Schedule {
  return schedule('linearSchedule', options, (progress) => 1 - progress);
}

/**
 * Learning rate with a linear warmup and a cosine decay. With W = `warmupSteps`, T = `totalSteps` and final = `finalLearningRate`:
 *
 *     rate(t) = learningRate t / W                                                    for t below W
 *             = final + (learningRate - final) (1 + cos(pi (t - W) / (T - W))) / 2    for t from W to T
 *             = final                                                                 for t from T on
 *
 * @param options - See {@link ScheduleOptions}.
 * @returns A function from the number of steps so far to the rate of the next step: `optimizer.learningRate = rate(step)`.
 * @throws RangeError if a number is outside its range.
 *
 * @see Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017, eq. 5. https://arxiv.org/abs/1608.03983
 */
export function cosineSchedule(options: ScheduleOptions): Schedule {
  return schedule('cosineSchedule', options, (progress) => (1 + Math.cos(Math.PI * progress)) / 2);
}
