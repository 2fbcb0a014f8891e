import type * as tf from '@tensorflow/tfjs';
import {
  adaptiveBeta,
  addStatistics,
  aot,
  bco,
  dpo,
  klEstimate,
  klStatistics,
  kto,
  logRatioMargin,
  marginStatistics,
  marginSums,
  noGrad,
  ops,
  orpo,
  pairMetrics,
  rewardShift,
  rewardStatistics,
  robustMean,
  unpairedMetrics,
  type MarginStatistics,
  type PairLogps,
  type RewardStatistics,
} from 'prefloss';
import type { TrainingPair } from '../train-tiny-gpt/data.js';
import type { TinyGpt } from '../train-tiny-gpt/model.js';
import type { Task } from '../train-tiny-gpt/task.js';
import { amongAll, gatherJson, gatherRows, shareOf, sumOver } from './exchange.js';
import { exampleLogps, lengthsOf, mismatchedLogps, pairLogps, policyLogps, type Row } from './model.js';
import type { Workers } from './workers/workers.js';

/** A worker's part of a batch. */
export interface Part<Item = Row> {
  /** The worker's own rows; there may be none. */
  readonly rows: readonly Item[];
  /** Number of rows of all workers. */
  readonly batchSize: number;
}

/** What a worker computes of its part. */
export interface Outputs {
  /** The worker's part of the loss of the whole batch: the parts of all workers add up to it. */
  readonly loss: tf.Scalar;
  /** Metrics of the worker's own rows, for `MetricAverage`. */
  readonly metrics: Readonly<Record<string, tf.Tensor>>;
}

/** Running statistics that the next batch continues, as plain numbers, so that a checkpoint can hold them. */
export interface Running {
  readonly margins?: MarginStatistics<number>;
  readonly rewards?: RewardStatistics<number>;
}

/**
 * An objective over a batch in parts. It first exchanges with the other workers what its loss depends on, and then returns the function
 * that is differentiated, without any exchange in it.
 */
export type Objective<Item = Row> = (
  part: Part<Item>,
  running: Running,
) => Promise<{ readonly outputs: () => Outputs; readonly running?: Running }>;

/** What an objective needs. */
export interface Setup {
  readonly workers: Workers;
  readonly policy: TinyGpt;
  readonly beta: number;
}

const meanOver = (losses: tf.Tensor1D, count: number): tf.Scalar => ops.div(ops.sum(losses), count);
const pairs = (logps: PairLogps<tf.Tensor1D>, beta: number) => pairMetrics(logps, { beta, ties: 'half' });

/** A loss per example needs nothing of the other workers. */
const dpoObjective =
  ({ policy, beta }: Setup): Objective =>
  ({ rows, batchSize }) =>
    Promise.resolve({
      outputs: () => {
        const logps = pairLogps(policy, rows);
        return { loss: meanOver(dpo(logps, { beta }), batchSize), metrics: pairs(logps, beta) };
      },
    });

/** KTO: the KL estimate is that of the mismatched completions of all workers. */
const ktoObjective =
  ({ workers, policy, beta }: Setup): Objective =>
  async ({ rows, batchSize }) => {
    const kl = klEstimate(await sumOver(workers, noGrad(() => klStatistics(mismatchedLogps(policy, rows))))); // prettier-ignore
    return {
      outputs: () => {
        const logps = exampleLogps(policy, rows);
        return { loss: meanOver(kto({ ...logps, kl }, { beta }), 2 * batchSize), metrics: unpairedMetrics(logps, { beta }) };
      },
    };
  };

/** BCO: the reward shift is that of the rewards of all workers, and of the batches before. */
const bcoObjective =
  ({ workers, policy, beta }: Setup): Objective =>
  async ({ rows, batchSize }, { rewards: before }) => {
    const now = await sumOver(workers, noGrad(() => rewardStatistics(exampleLogps(policy, rows), { beta }))); // prettier-ignore
    const rewards = before ? addStatistics(before, now, { decay: 0.9 }) : now;
    const delta = rewardShift(rewards);
    return {
      running: { rewards },
      outputs: () => {
        const logps = exampleLogps(policy, rows);
        return { loss: meanOver(bco(logps, { beta, delta }), 2 * batchSize), metrics: unpairedMetrics(logps, { beta }) };
      },
    };
  };

/** beta-DPO: beta follows the margins of all workers. */
const betaDpoObjective =
  ({ workers, policy, beta }: Setup): Objective =>
  async ({ rows, batchSize }, { margins: previous }) => {
    const center = previous?.mean ?? 0;
    const sums = await sumOver(workers, noGrad(() => marginSums(logRatioMargin(pairLogps(policy, rows)), { center }))); // prettier-ignore
    const margins = marginStatistics(sums, previous && { previous });
    const adapted = adaptiveBeta({ margins: sums, statistics: margins }, { beta });
    return {
      running: { margins },
      outputs: () => {
        const logps = pairLogps(policy, rows);
        return { loss: meanOver(dpo(logps, { beta: adapted }), batchSize), metrics: pairs(logps, beta) };
      },
    };
  };

/** ORPO beside the NLL of the chosen answers, which is a mean over the tokens of all workers. */
const orpoObjective =
  ({ workers, policy, beta }: Setup): Objective =>
  async ({ rows, batchSize }) => {
    const lengths = lengthsOf(rows);
    const { tokenCount } = await sumOver(workers, { tokenCount: lengths.chosen.reduce((a, b) => a + b, 0) });
    return {
      outputs: () => {
        const { policy: sums } = pairLogps(policy, rows);
        const means = { chosen: ops.div(sums.chosen, lengths.chosen), rejected: ops.div(sums.rejected, lengths.rejected) };
        const nll = ops.neg(ops.div(ops.sum(sums.chosen), tokenCount));
        return {
          loss: ops.add(meanOver(orpo(means, { lambda: beta }), batchSize), nll),
          metrics: pairMetrics({ policy: means }, { beta }),
        };
      },
    };
  };

/** AOT sorts the log-ratios of the whole batch, so it takes the rows of all workers. */
const aotObjective =
  ({ workers, policy, beta }: Setup): Objective =>
  async ({ rows, batchSize }) => {
    const detached = noGrad(() => pairLogps(policy, rows));
    const chosen = await gatherRows(workers, detached.policy.chosen);
    const rejected = await gatherRows(workers, detached.policy.rejected);
    const references = await gatherJson(workers, detached.reference);
    const reference = { chosen: references.flatMap((one) => one.chosen), rejected: references.flatMap((one) => one.rejected) };
    return {
      outputs: () => {
        const own = pairLogps(policy, rows);
        const whole = { chosen: amongAll(workers, chosen, own.policy.chosen), rejected: amongAll(workers, rejected, own.policy.rejected) };
        const loss = ops.mean(aot({ policy: whole, reference }, { beta }));
        return { loss: shareOf(loss, rows.length / batchSize), metrics: pairs(own, beta) };
      },
    };
  };

/** Dr.DPO: its mean weighs each loss against those of all workers. */
const drDpoObjective =
  ({ workers, policy, beta }: Setup): Objective =>
  async ({ rows, batchSize }) => {
    const all = await gatherRows(workers, noGrad(() => dpo(pairLogps(policy, rows), { beta }))); // prettier-ignore
    return {
      outputs: () => {
        const logps = pairLogps(policy, rows);
        const loss = robustMean(amongAll(workers, all, dpo(logps, { beta })));
        return { loss: shareOf(loss, rows.length / batchSize), metrics: pairs(logps, beta) };
      },
    };
  };

/** Supervised fine-tuning: the mean over answers of the mean over their tokens. */
export const supervised =
  (policy: TinyGpt, demonstrations: Task['demonstrations']): Objective<TrainingPair> =>
  ({ rows, batchSize }) =>
    Promise.resolve({
      outputs: () => {
        const logps = policyLogps(policy, rows);
        const lengths = lengthsOf(rows);
        const means = ops.concat(demonstrations.map((side) => ops.div(logps[side], lengths[side])));
        return { loss: ops.neg(meanOver(means, demonstrations.length * batchSize)), metrics: {} };
      },
    });

/**
 * The losses of this example, by the name that `--loss` takes. Another loss is another {@link Objective} in this list; what it must exchange is in
 * the table of docs/scale.md. `run.ts` chooses its beta.
 */
export const OBJECTIVES = {
  dpo: dpoObjective,
  kto: ktoObjective,
  bco: bcoObjective,
  aot: aotObjective,
  orpo: orpoObjective,
  'beta-dpo': betaDpoObjective,
  'dr-dpo': drDpoObjective,
} satisfies Readonly<Record<string, (setup: Setup) => Objective>>;
export type LossName = keyof typeof OBJECTIVES;
