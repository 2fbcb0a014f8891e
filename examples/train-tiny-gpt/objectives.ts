import * as tf from '@tensorflow/tfjs';
import {
  collatePairs,
  collateUnpaired,
  completionLogProbs,
  dpo,
  ipo,
  klEstimate,
  kto,
  noGrad,
  ops,
  orpo,
  pairMetrics,
  splitPairs,
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

/** Models and options of a preference objective. */
export interface PreferenceSetup {
  /** The model that is trained. */
  readonly policy: TinyGpt;
  /** The model that the policy is kept close to; ORPO does not use it. */
  readonly reference: TinyGpt;
  /** Strength of the implicit KL penalty; for ORPO, weight of the odds-ratio term. */
  readonly beta: number;
}

/**
 * Supervised fine-tuning on the chosen answers. The loss is a mean over answers, not over tokens, so that the mean over batches, weighted
 * by their size, is the mean of the whole split.
 */
export const supervised =
  (policy: TinyGpt): Objective =>
  (pairs) => {
    const chosen = pairs.map((pair) => ({ ...pair.chosen, row: pair.row, label: true }));
    return { loss: ops.neg(ops.mean(sequences(policy, collateUnpaired(chosen, PADDING), 'mean'))) };
  };

/**
 * Returns the objective of a preference loss. Before the first update of DPO, IPO and KTO, both rewards of a pair are equal; such a tie
 * counts one half, so that the accuracy starts at chance.
 */
export function preference(loss: LossName, setup: PreferenceSetup): Objective {
  return { dpo: dpoObjective, ipo: ipoObjective, kto: ktoObjective, orpo: orpoObjective }[loss](setup);
}

/** DPO compares the probabilities of whole answers, so log-probs are summed over their tokens. */
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
 * IPO moves the log-ratio margin to the target 1 / (2 beta). Summed log-probs would reach it within a few words, and the target would
 * be the same for long and short answers, so this objective uses means per token, as TRL does. Rewards are per token, too.
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
 * KTO needs no pairs: each answer is desirable or undesirable. It also needs an estimate of how far the policy has moved from the reference
 * in general, which it takes from mismatched completions.
 */
const ktoObjective =
  ({ policy, reference, beta }: PreferenceSetup): Objective =>
  (pairs) => {
    const others = (['chosen', 'rejected'] as const).flatMap((side) => pairs.map((pair) => pair.mismatched[side]));
    const batch = collateUnpaired(examplesOf(pairs).map((example, i) => ({ ...example, mismatched: others[i]! })), PADDING); // prettier-ignore
    const mismatched = batch.mismatched!;
    const logps = { policy: sequences(policy, batch), reference: noGrad(() => sequences(reference, batch)) };
    // The paper takes no gradient through the estimate, so the policy is evaluated without a tape, too.
    const kl = klEstimate(noGrad(() => ({ policy: sequences(policy, mismatched), reference: sequences(reference, mismatched) })));
    const { desirable } = batch;

    // These examples come from pairs, so the share of pairs in the right order can be logged as well.
    const inPairs = { policy: splitPairs(logps.policy), reference: splitPairs(logps.reference) };
    return {
      loss: tf.mean(kto({ ...logps, desirable, kl }, { beta })),
      ...unpairedMetrics({ ...logps, desirable }, { beta }),
      'rewards/accuracies': pairMetrics(inPairs, { beta, ties: 'half' })['rewards/accuracies'],
      kl,
    };
  };

/**
 * ORPO has no reference: it raises the odds of the chosen answer over the rejected one while it continues to fine-tune on the chosen one.
 * The odds are computed from means per token, because the odds of a whole answer would be almost 0.
 */
const orpoObjective =
  ({ policy, beta }: PreferenceSetup): Objective =>
  (pairs) => {
    const means = splitPairs(sequences(policy, collatePairs(pairs, PADDING), 'mean'));
    const supervision = ops.neg(means.chosen);
    return {
      loss: tf.mean(orpo({ ...means, nll: supervision }, { lambda: beta })),
      nll: tf.mean(supervision),
      ...pairMetrics({ policy: means }, { beta }),
    };
  };

/** Returns one log-prob per completion `[N]`. */
const sequences = (model: TinyGpt, batch: Batch, reduction: 'sum' | 'mean' = 'sum'): tf.Tensor1D =>
  completionLogProbs(model.logits(tf.tensor2d(batch.tokens, undefined, 'int32')), batch, { reduction });
