import type * as tf from '@tensorflow/tfjs';
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
  type Pair,
  type PairLogps,
} from 'prefloss';
import type { Objective as ObjectiveOf } from '../shared/train.js';
import { PADDING, type TrainingPair } from './data.js';
import type { TinyGpt } from './model.js';
import type { Task } from './task.js';

/** The preference losses of this example. */
export type LossName = keyof Task['beta'];
export const LOSSES: readonly LossName[] = ['dpo', 'ipo', 'kto', 'orpo'];
export type Objective = ObjectiveOf<TrainingPair>;

/** Log-probs of the pairs of a batch, each `[B]`. */
export type PolicyAndReference = Readonly<Record<'policy' | 'reference', Pair<tf.Tensor1D>>>;

/** Models and options of a preference objective. */
export interface PreferenceSetup {
  /** The model that is trained. */
  readonly policy: TinyGpt;
  /** The model that the policy is kept close to; the loss of ORPO does not use it. */
  readonly reference: TinyGpt;
  /** Strength of the implicit KL penalty; for ORPO, weight of the odds-ratio term. */
  readonly beta: number;
  /** Called with the log-probs of the pairs whenever the objective is evaluated, e.g. to plot them. It copies what it keeps. */
  readonly onLogps?: (logps: PolicyAndReference, pairs: readonly TrainingPair[], reduction: 'sum' | 'mean') => void;
}

/** A loss of pairs, one value per pair `[B]`, such as `dpo`. */
export type PairLoss = (logps: PairLogps<tf.Tensor1D>, options: { readonly beta: number }) => tf.Tensor1D;

/**
 * Supervised fine-tuning. The loss is a mean over answers, not over tokens, so that the mean over batches, weighted by their size, is the
 * mean of the whole split.
 */
export const supervised =
  (policy: TinyGpt, demonstrations: Task['demonstrations']): Objective =>
  (pairs) => {
    const examples = demonstrations.flatMap((side) => pairs.map((pair) => pair.examples[side]));
    return { loss: ops.neg(ops.mean(logProbs(policy, collateUnpaired(examples, PADDING), 'mean'))) };
  };

/**
 * Returns the objective of a preference loss. Before the first update of DPO, IPO and KTO, both rewards of a pair are equal; such a tie
 * counts one half, so that the accuracy starts at chance.
 */
export function preference(loss: LossName, setup: PreferenceSetup): Objective {
  // DPO compares the probabilities of whole answers, so it takes sums. IPO moves the log-ratio margin to the target 1 / (2 beta). Sums would
  // reach it within a few words, and it would be the same for long and short answers, so IPO takes means per token, as in TRL.
  if (loss === 'dpo') return pairedObjective(dpo, 'sum', setup);
  if (loss === 'ipo') return pairedObjective(ipo, 'mean', setup);
  return loss === 'kto' ? ktoObjective(setup) : orpoObjective(setup);
}

/** Returns the objective of a loss that compares pairs with a reference; log-probs are summed over an answer, or are means per token. */
export const pairedObjective =
  (loss: PairLoss, reduction: 'sum' | 'mean', { policy, reference, beta, onLogps }: PreferenceSetup): Objective =>
  (pairs) => {
    const batch = collatePairs(pairs, PADDING);
    const logps = {
      policy: splitPairs(logProbs(policy, batch, reduction)),
      reference: splitPairs(noGrad(() => logProbs(reference, batch, reduction))),
    };
    onLogps?.(logps, pairs, reduction);
    return { loss: ops.mean(loss(logps, { beta })), ...pairMetrics(logps, { beta, ties: 'half' }) };
  };

/**
 * KTO needs no pairs: each answer is desirable or undesirable. It also needs an estimate of how far the policy has moved from the reference
 * in general, which it takes from mismatched completions.
 */
const ktoObjective =
  ({ policy, reference, beta, onLogps }: PreferenceSetup): Objective =>
  (pairs) => {
    const examples = (['chosen', 'rejected'] as const).flatMap((side) => pairs.map((pair) => pair.examples[side]));
    const { desirable, mismatched, ...batch } = collateUnpaired(examples, PADDING);
    const logps = { policy: logProbs(policy, batch), reference: noGrad(() => logProbs(reference, batch)), desirable };
    // The paper takes no gradient through the estimate, so the policy is evaluated without a tape, too.
    const kl = klEstimate(noGrad(() => ({ policy: logProbs(policy, mismatched!), reference: logProbs(reference, mismatched!) })));
    // These examples come from pairs, so the share of pairs in the right order can be logged as well.
    const inPairs = { policy: splitPairs(logps.policy), reference: splitPairs(logps.reference) };
    onLogps?.(inPairs, pairs, 'sum');
    return {
      loss: ops.mean(kto({ ...logps, kl }, { beta })),
      ...unpairedMetrics(logps, { beta }),
      'rewards/accuracies': pairMetrics(inPairs, { beta, ties: 'half' })['rewards/accuracies'],
      kl,
    };
  };

/**
 * ORPO has no reference: it raises the odds of the chosen answer over the rejected one while it continues to fine-tune on the chosen one.
 * The odds are computed from means per token, because the odds of a whole answer would be almost 0.
 */
const orpoObjective =
  ({ policy, reference, beta, onLogps }: PreferenceSetup): Objective =>
  (pairs) => {
    const batch = collatePairs(pairs, PADDING);
    const means = splitPairs(logProbs(policy, batch, 'mean'));
    const nll = ops.neg(means.chosen);
    onLogps?.({ policy: means, reference: splitPairs(noGrad(() => logProbs(reference, batch, 'mean'))) }, pairs, 'mean');
    return { loss: ops.mean(orpo({ ...means, nll }, { lambda: beta })), nll: ops.mean(nll), ...pairMetrics({ policy: means }, { beta }) };
  };

/** Returns one log-prob per completion `[N]`. */
const logProbs = (model: TinyGpt, batch: Batch, reduction: 'sum' | 'mean' = 'sum'): tf.Tensor1D =>
  completionLogProbs(model.logits(batch.tokens), batch, { reduction });
