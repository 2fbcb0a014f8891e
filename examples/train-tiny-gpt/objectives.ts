import * as tf from '@tensorflow/tfjs';
import {
  collatePairs,
  collateUnpaired,
  dpo,
  ipo,
  klEstimate,
  kto,
  nll,
  noGrad,
  orpo,
  pairMetrics,
  sequenceLogProbs,
  splitPairs,
  tokenLogProbs,
  unpairedMetrics,
  type Batch,
} from '../../src/index.js';
import type { Objective as ObjectiveOf } from '../shared/train.js';
import { examplesOf, PADDING, type TrainingPair } from './data.js';
import type { TinyGpt } from './model.js';

/** The preference losses of this example. */
export const LOSSES = ['dpo', 'ipo', 'kto', 'orpo'] as const;
export type LossName = (typeof LOSSES)[number];
export type Objective = ObjectiveOf<TrainingPair>;

/** What a preference objective is made of. */
export interface PreferenceSetup {
  /** The model that is trained. */
  readonly policy: TinyGpt;
  /** What it must stay close to; ORPO does without. */
  readonly reference: TinyGpt;
  /** The strength of the penalty for moving away from the reference; the weight of the odds-ratio term for ORPO. */
  readonly beta: number;
}

/**
 * Supervised fine-tuning on the preferred answers. The mean over answers, not over tokens: then the mean of batches,
 * weighed by their size, is the mean of the whole split.
 */
export const supervised =
  (policy: TinyGpt): Objective =>
  (pairs) => {
    const chosen = pairs.map((pair) => ({ ...pair.chosen, row: pair.row, label: true }));
    const { logps, mask } = completionLogProbs(policy, collateUnpaired(chosen, PADDING));
    return { loss: nll(logps, mask, { reduction: 'sequence' }) };
  };

/**
 * The objective of a preference loss. Before the first update every reward is 0; such a tie counts as half a right
 * answer here, so that the accuracy starts at chance.
 */
export function preference(loss: LossName, setup: PreferenceSetup): Objective {
  return { dpo: dpoObjective, ipo: ipoObjective, kto: ktoObjective, orpo: orpoObjective }[loss](setup);
}

/** DPO compares how likely each whole answer is, so log-probs are summed over its tokens. */
const dpoObjective =
  ({ policy, reference, beta }: PreferenceSetup): Objective =>
  (pairs) => {
    const batch = collatePairs(pairs, PADDING);
    const logps = {
      policy: splitPairs(sequences(policy, batch)),
      reference: splitPairs(noGrad(() => sequences(reference, batch))),
    };
    return { loss: tf.mean(dpo(logps, { beta })), ...pairMetrics(logps, { beta, ties: 'half' }) };
  };

/**
 * IPO pulls the margin to a target, 1 / (2 beta). A sum over tokens would reach it within a few words and hold long
 * answers to the same target as short ones; so this takes means per token, as TRL does. Rewards are per token, too.
 */
const ipoObjective =
  ({ policy, reference, beta }: PreferenceSetup): Objective =>
  (pairs) => {
    const batch = collatePairs(pairs, PADDING);
    const logps = {
      policy: splitPairs(sequences(policy, batch, 'mean')),
      reference: splitPairs(noGrad(() => sequences(reference, batch, 'mean'))),
    };
    return { loss: tf.mean(ipo(logps, { beta })), ...pairMetrics(logps, { beta, ties: 'half' }) };
  };

/**
 * KTO wants no pairs: each answer is desirable or not on its own. What it needs beside is an estimate of how far the
 * policy has moved from the reference in general, from answers to other questions.
 */
const ktoObjective =
  ({ policy, reference, beta }: PreferenceSetup): Objective =>
  (pairs) => {
    const others = (['chosen', 'rejected'] as const).flatMap((side) => pairs.map((pair) => pair.mismatched[side]));
    const batch = collateUnpaired(examplesOf(pairs).map((example, i) => ({ ...example, mismatched: others[i]! })), PADDING); // prettier-ignore
    const mismatched = batch.mismatched!;
    const logps = { policy: sequences(policy, batch), reference: noGrad(() => sequences(reference, batch)) };
    // The paper takes no gradient through the estimate, so the policy needs no tape here either.
    const kl = klEstimate(noGrad(() => ({ policy: sequences(policy, mismatched), reference: sequences(reference, mismatched) })));
    const desirable = tf.tensor1d(batch.desirable);

    // The examples happen to come from pairs here, so the share of pairs in the right order can be logged as well.
    const inPairs = { policy: splitPairs(logps.policy), reference: splitPairs(logps.reference) };
    return {
      loss: tf.mean(kto({ ...logps, desirable, kl }, { beta })),
      ...unpairedMetrics({ ...logps, desirable }, { beta }),
      'rewards/accuracies': pairMetrics(inPairs, { beta, ties: 'half' })['rewards/accuracies'],
      kl,
    };
  };

/**
 * ORPO has no reference: it raises the odds of the chosen answer over the rejected one, and goes on fine-tuning on the
 * chosen one meanwhile. Odds need means per token; the odds of a whole answer would be almost 0.
 */
const orpoObjective =
  ({ policy, beta }: PreferenceSetup): Objective =>
  (pairs) => {
    const { logps, mask } = completionLogProbs(policy, collatePairs(pairs, PADDING));
    const means = splitPairs(sequenceLogProbs(logps, mask, { reduction: 'mean' }));
    const supervision = nll(splitPairs(logps).chosen, splitPairs(mask).chosen, { reduction: 'none' });
    return {
      loss: tf.mean(orpo({ ...means, nll: supervision }, { lambda: beta })),
      nll: tf.mean(supervision),
      ...pairMetrics({ policy: means }, { beta }),
    };
  };

/** One log-prob per completion `[N]`. */
function sequences(model: TinyGpt, batch: Batch, reduction: 'sum' | 'mean' = 'sum'): tf.Tensor1D {
  const { logps, mask } = completionLogProbs(model, batch);
  return sequenceLogProbs(logps, mask, { reduction });
}

/** The log-prob of every token `[N, T]`, and the mask of those that belong to a completion. */
function completionLogProbs(model: TinyGpt, { tokens, labels, mask }: Batch): { logps: tf.Tensor2D; mask: tf.Tensor2D } {
  const logits = model.logits(tf.tensor2d(tokens, undefined, 'int32'));
  return { logps: tokenLogProbs(logits, tf.tensor2d(labels, undefined, 'int32')), mask: tf.tensor2d(mask) };
}
