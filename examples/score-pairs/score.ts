import {
  completionLogProbs,
  dpo,
  implicitRewards,
  MetricAverage,
  ops,
  pairMetrics,
  splitPairs,
  type ArrayTensor,
  type Pair,
} from 'prefloss/core';
import { batchesOf, collatePairs, type Batch, type EncodedPair } from 'prefloss/data';
import type { Model } from './session.js';
import { MARKERS } from './tokens.js';

/** One pair with its scores. */
export interface Score {
  /** Index of the row in the data. */
  readonly row: number;
  /** Log-probs of the two answers in nats, summed over their tokens. */
  readonly policy: Pair<number>;
  readonly reference: Pair<number>;
  /** Implicit rewards: beta times the log-ratio of policy and reference. */
  readonly rewards: Pair<number>;
  /** Chosen minus rejected reward. The pair is ordered rightly if it is above 0. */
  readonly margin: number;
}

/** Scores of pairs, and their means. */
export interface Scores {
  readonly scores: readonly Score[];
  /** Means over the pairs under the names of `pairMetrics`, with `loss` and `reference/accuracies`. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** Scores pairs in batches: log-probs of both models, rewards, margins, the DPO loss. */
export async function scorePairs(
  pairs: readonly EncodedPair[],
  models: { readonly policy: Model; readonly reference: Model },
  { beta, batchSize }: { readonly beta: number; readonly batchSize: number },
): Promise<Scores> {
  const average = new MetricAverage();
  const scores: Score[] = [];
  for (const items of batchesOf(pairs, { batchSize })) {
    const batch = collatePairs(items, { padTokenId: MARKERS.padding });
    const logps = { policy: await logpsOf(models.policy, batch), reference: await logpsOf(models.reference, batch) };
    const rewards = implicitRewards(logps, { beta });
    const metrics = {
      ...pairMetrics(logps, { beta }),
      loss: ops.mean(dpo(logps, { beta })),
      'reference/accuracies': pairMetrics({ policy: logps.reference })['rewards/accuracies'],
    };
    await average.add(metrics, items.length);
    items.forEach(({ row }, i) => {
      const at = ({ chosen, rejected }: Pair<ArrayTensor>): Pair<number> => ({
        chosen: chosen.data[i]!,
        rejected: rejected.data[i]!,
      });
      const reward = at(rewards);
      scores.push({
        row,
        policy: at(logps.policy),
        reference: at(logps.reference),
        rewards: reward,
        margin: reward.chosen - reward.rejected,
      });
    });
  }
  return { scores, metrics: average.result() };
}

/** Log-probs of the answers of a batch, each `[B]`. */
async function logpsOf(model: Model, batch: Batch) {
  return splitPairs(completionLogProbs(await model(batch), batch));
}
