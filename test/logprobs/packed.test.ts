import { describe, expect, it } from 'vitest';
import {
  collatePackedPairs,
  collatePackedSequences,
  collatePairs,
  collateUnpaired,
  completionLogProbs,
  dpo,
  kto,
  packPairs,
  packSequences,
  splitPairs,
  unpack,
  type Batch,
  type EncodedPair,
} from '../../src/index.js';
import type { Values } from '../../src/testing/index.js';
import { attentionLogits, weightsOfAttention } from '../support/attentionModel.js';
import { derivatives, expectGradients, expectValues, read, tensor, type X } from '../support/engine.js';
import { example, pair } from '../support/encoded.js';

const PADDING = { padTokenId: 0 };
const pairs: EncodedPair[] = [
  { ...pair(0, [1, 2], [3, 4, 5], [6]), reference: { chosen: -7, rejected: -2 } },
  { ...pair(1, [7], [8], [9, 10, 2, 3]), reference: { chosen: -3, rejected: -9 } },
  { ...pair(2, [5, 1, 4], [2], [3, 3]), reference: { chosen: -2, rejected: -5 } },
];
const weighted = pairs.map((p, i) => ({ ...p, chosen: { ...p.chosen, weights: p.chosen.tokens.map((_, t) => 0.25 * (i + t)) } }));
const { packs } = packPairs(pairs, { maxLength: 15 });

/** Logits of padded rows: each has one segment, and positions from 0. */
const paddedLogits = (weights: readonly X[], { tokens, attentionMask }: Batch): X =>
  attentionLogits(weights, { tokens, positions: tokens.map((row) => row.map((_, t) => t)), segments: attentionMask });

type Reduction = 'sum' | 'mean';

function padded(weights: readonly X[], items: readonly EncodedPair[], reduction: Reduction): X {
  const batch = collatePairs(items, PADDING);
  const logps: X = completionLogProbs<X>(paddedLogits(weights, batch), batch, { reduction });
  return dpo<X>({ policy: splitPairs<X>(logps), reference: batch.reference! });
}

function inPacks(weights: readonly X[], grouped: readonly (readonly EncodedPair[])[], reduction: Reduction): X {
  const batch = collatePackedPairs(grouped, PADDING);
  const logps: X = completionLogProbs<X>(attentionLogits(weights, batch), batch, { reduction });
  return dpo<X>({ policy: unpack<X>(logps, batch.places), reference: batch.reference! });
}

/** Asserts that two functions of the weights have the same losses and gradients; the arrays engine has no gradients. */
async function expectSameLosses(actual: (...weights: X[]) => X, wanted: (...weights: X[]) => X): Promise<void> {
  const weights = weightsOfAttention.map((w) => tensor(w));
  await expectValues(actual(...weights), (await read(wanted(...weights))) as Values, 20);
  const { grads } = await derivatives(wanted, weightsOfAttention);
  await expectGradients(actual, weightsOfAttention, grads as Values[]);
}

describe('packed rows of a model with attention', () => {
  const cases: [string, readonly (readonly EncodedPair[])[]][] = [
    ['two packs', packs],
    ['one row without padding', [pairs]],
    ['weights', [weighted.slice(0, 2), weighted.slice(2)]],
  ];
  it.each(cases)('have the losses and the gradients of padded rows: %s', async (_, grouped) => {
    for (const reduction of ['sum', 'mean'] as const)
      await expectSameLosses(
        (...weights) => inPacks(weights, grouped, reduction),
        (...weights) => padded(weights, grouped.flat(), reduction),
      );
  });

  it('have the losses and the gradients of padded rows: unpaired examples', async () => {
    const examples = [
      { ...example(0, [1, 2], [3, 4, 5]), reference: -4 },
      { ...example(1, [1, 2], [6], false), reference: -5 },
      { ...example(2, [7], [8, 9, 10], false), reference: -6 },
    ];
    const { packs: own } = packSequences(examples, { maxLength: 8 });
    expect(own).toHaveLength(2);
    await expectSameLosses(
      (...weights) => {
        const { places, desirable, reference, ...batch } = collatePackedSequences(own, PADDING);
        const policy: X = unpack<X>(completionLogProbs<X>(attentionLogits(weights, batch), batch), places);
        return kto<X>({ policy, reference: reference!, desirable: desirable!, kl: 0.25 });
      },
      (...weights) => {
        const { desirable, reference, ...batch } = collateUnpaired(own.flat(), PADDING);
        const policy: X = completionLogProbs<X>(paddedLogits(weights, batch), batch);
        return kto<X>({ policy, reference: reference!, desirable, kl: 0.25 });
      },
    );
  });
});
