import { attachReference, batchesOf, collateUnpaired, precomputeReference } from 'prefloss';
import { PADDING, type TrainingPair } from '../train-tiny-gpt/data.js';
import type { TinyGpt } from '../train-tiny-gpt/model.js';
import { gatherJson } from './exchange.js';
import { logProbs, type Row } from './model.js';
import type { Workers } from './workers/workers.js';

/** Computes the log-probs under the reference once, each worker those of its share of the pairs, and gives all of them to all workers. */
export async function withReference(
  workers: Workers,
  reference: TinyGpt,
  pairs: readonly TrainingPair[],
  batchSize: number,
): Promise<Row[]> {
  const examples = pairs
    .filter((_, i) => i % workers.size === workers.rank)
    .flatMap(({ examples: { chosen, rejected } }) => [chosen, rejected]);
  const batches = batchesOf(examples, { batchSize });
  const results = await precomputeReference(batches, (batch) => {
    const { mismatched, ...completions } = collateUnpaired(batch, PADDING);
    return { completion: logProbs(reference, completions), mismatched: logProbs(reference, mismatched!) };
  });
  const own = attachReference(batches, results).map((one) => ({ reference: one.reference, mismatchedReference: one.mismatchedReference! }));
  const all = await gatherJson(workers, own);
  return pairs.map((pair, i) => {
    const of = all[i % workers.size]!;
    const at = 2 * Math.floor(i / workers.size);
    const chosen = { ...pair.examples.chosen, ...of[at]! };
    const rejected = { ...pair.examples.rejected, ...of[at + 1]! };
    return { ...pair, reference: { chosen: chosen.reference, rejected: rejected.reference }, examples: { chosen, rejected } };
  });
}
