import { lossNamed, type LossKind, type LossName } from '../../src/index.js';
import type { X } from './engine.js';
import type { Call } from './goldens.js';
import { fromFour } from './samples.js';

/** For each kind of loss, makes its first argument from the fields of a golden file. */
const BATCHES: Record<LossKind, (x: Readonly<Record<string, X>>) => X> = {
  pairs: (x) => ({
    ...('chosen' in x
      ? { policy: { chosen: x.chosen, rejected: x.rejected } }
      : fromFour(x.policyChosen, x.policyRejected, x.referenceChosen, x.referenceRejected)),
    ...(x.chosenLengths && { lengths: { chosen: x.chosenLengths, rejected: x.rejectedLengths } }),
    ...(x.chosenKl && { sequentialKl: { chosen: x.chosenKl, rejected: x.rejectedKl } }),
  }),
  referenceFreePairs: (x) => x,
  examples: ({ policy, reference, desirable, kl }) => ({ policy, reference, desirable, ...(kl !== undefined && { kl }) }),
  lists: ({ policy, reference, rewards, mask }) => ({ policy, reference, ...(rewards && { rewards }), ...(mask && { mask }) }),
  referenceFreeLists: (x) => x,
  rewards: (x) => x,
};

/** Makes the first argument of a loss of this kind from the fields of a golden file. */
export const batchOf = (kind: LossKind, fields: Readonly<Record<string, X>>): X => BATCHES[kind](fields);

/** Returns a function that calls a loss of the catalogue with the fields and options of a golden file. */
export const callOf =
  (name: LossName): Call =>
  (fields, options) => {
    const { loss, kind, fields: wanted } = lossNamed(name);
    const batch: X = batchOf(kind, fields);
    // Some losses on lists take no rewards.
    if (kind === 'lists' && !wanted.includes('rewards')) delete batch.rewards;
    return loss(batch, options);
  };
