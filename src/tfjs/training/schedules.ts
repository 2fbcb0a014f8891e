import { checkNumber, checkOptions } from '../../internal/checks.js';
import { counting, notNegative, wholeNumber } from '../../internal/domains.js';

/** What a learning rate does over a training. */
export interface ScheduleOptions {
  /** The largest learning rate, reached at the end of the warmup, 0 or more. */
  readonly learningRate: number;
  /** Steps of the whole training, an integer from 1 on. */
  readonly totalSteps: number;
  /** Steps in which the rate rises from 0, an integer from 0 to `totalSteps`. Default 0. */
  readonly warmupSteps?: number;
  /** The rate at the end, 0 or more. Default 0. */
  readonly finalLearningRate?: number;
}

/** The learning rate for the step after so many updates. */
export type Schedule = (step: number) => number;

/** `shape` falls from 1 to 0 while its argument goes from 0 to 1. */
function schedule(fn: string, options: ScheduleOptions, shape: (progress: number) => number): Schedule {
  checkOptions(fn, options, ['learningRate', 'totalSteps', 'warmupSteps', 'finalLearningRate']);
  const { learningRate, totalSteps, warmupSteps = 0, finalLearningRate = 0 } = options;
  checkNumber(fn, 'learningRate', learningRate, notNegative);
  checkNumber(fn, 'totalSteps', totalSteps, counting);
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
 * A learning rate that rises in a straight line and then falls in a straight line.
 *
 *     rate(t) = learningRate t / W                                        up to W, the warmup steps
 *             = final + (learningRate - final) (1 - (t - W) / (T - W))    up to T, the total steps; final from there on
 *
 * @param options - See {@link ScheduleOptions}.
 * @returns The rate for the step after `step` updates: `optimizer.learningRate = rate(step)`.
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
 * A learning rate that rises in a straight line and then falls as half a cosine.
 *
 *     rate(t) = learningRate t / W                                                      up to W, the warmup steps
 *             = final + (learningRate - final) (1 + cos(pi (t - W) / (T - W))) / 2      up to T, the total steps; final from there on
 *
 * @param options - See {@link ScheduleOptions}.
 * @returns The rate for the step after `step` updates.
 * @throws RangeError if a number is outside its range.
 *
 * @see Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017, eq. 5. https://arxiv.org/abs/1608.03983
 */
export function cosineSchedule(options: ScheduleOptions): Schedule {
  return schedule('cosineSchedule', options, (progress) => (1 + Math.cos(Math.PI * progress)) / 2);
}
