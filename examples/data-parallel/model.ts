import * as tf from '@tensorflow/tfjs';
import {
  collatePairs,
  collateUnpaired,
  completionLogProbs,
  splitPairs,
  type Batch,
  type Pair,
  type WithReference,
  type MismatchedExample,
} from 'prefloss';
import { PADDING, type TrainingPair } from '../train-tiny-gpt/data.js';
import type { TinyGpt } from '../train-tiny-gpt/model.js';

/** A pair and its answers as examples, with their log-probs under the reference. */
export interface Row extends WithReference<TrainingPair> {
  readonly examples: Pair<WithReference<MismatchedExample>>;
}

// A worker without rows has log-probs of shape [0], for which no model runs.
const none = (): tf.Tensor1D => tf.tensor1d([], 'float32');

/** Summed log-probs of completions, `[N]`. */
export const logProbs = (model: TinyGpt, batch: Batch): tf.Tensor1D => completionLogProbs(model.logits(batch.tokens), batch);

/** Log-probs of the answers of pairs, each `[B]`. */
export function policyLogps(policy: TinyGpt, rows: readonly TrainingPair[]): Pair<tf.Tensor1D> {
  if (rows.length === 0) return { chosen: none(), rejected: none() };
  return splitPairs(logProbs(policy, collatePairs(rows, PADDING)));
}

/** Log-probs of pairs under the policy and under the reference, each `[B]`. */
export const pairLogps = (policy: TinyGpt, rows: readonly Row[]) => ({
  policy: policyLogps(policy, rows),
  reference: { chosen: rows.map(({ reference }) => reference.chosen), rejected: rows.map(({ reference }) => reference.rejected) },
});

/** Log-probs of the answers as examples, `[2B]`: all chosen ones first. */
export function exampleLogps(policy: TinyGpt, rows: readonly Row[]) {
  if (rows.length === 0) return { policy: none(), reference: [], desirable: [] };
  const batch = collateUnpaired(examplesOf(rows), PADDING);
  return { policy: logProbs(policy, batch), reference: batch.reference!, desirable: batch.desirable };
}

/** Log-probs of mismatched completions, `[2B]`. */
export function mismatchedLogps(policy: TinyGpt, rows: readonly Row[]) {
  if (rows.length === 0) return { policy: none(), reference: [] };
  const { reference, ...batch } = collateUnpaired(examplesOf(rows), PADDING).mismatched!;
  return { policy: logProbs(policy, batch), reference: reference! };
}

const examplesOf = <Item>(rows: readonly { readonly examples: Pair<Item> }[]): Item[] =>
  (['chosen', 'rejected'] as const).flatMap((side) => rows.map(({ examples }) => examples[side]));

/** Numbers of counted tokens of the sides of pairs. */
export const lengthsOf = (rows: readonly TrainingPair[]): Pair<number[]> => {
  const of = (side: 'chosen' | 'rejected') => rows.map((row) => row[side].mask.reduce((a, b) => a + b, 0));
  return { chosen: of('chosen'), rejected: of('rejected') };
};
