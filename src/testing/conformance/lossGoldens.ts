import type { Nested } from '../../backend/types.js';
import { lossNamed, type LossName } from '../../catalogue.js';
import type { LossKind } from '../../internal/lossKind.js';

/** Values and gradients of one loss, which other code computed; its file in `test/goldens` of this library has more fields. */
export interface LossGoldens {
  /**
   * Batches by name. The fields of a batch are those of the first argument of the loss, in camel case: `policyChosen`, `policyRejected`,
   * `referenceChosen`, `referenceRejected` of pairs, `chosen` and `rejected` of pairs without a reference, and so on.
   */
  readonly inputs: Readonly<Record<string, Readonly<Record<string, Nested>>>>;
  /** The results for a batch and options. A list in the options is a tensor with a value for each example. */
  readonly records: readonly {
    /** Name of the batch. */
    readonly input: string;
    /** The options that the loss was called with. */
    readonly options: Readonly<Record<string, unknown>>;
    /** What it returned. */
    readonly outputs: {
      /** The losses. */
      readonly losses: readonly number[];
      /** The gradients of their sum, by field. */
      readonly grads: Readonly<Record<string, Nested>>;
    };
  }[];
}

/** One result. */
export type GoldenRecord = LossGoldens['records'][number];
/** Values by field. */
export type Fields<T> = Readonly<Record<string, T>>;

/** For each kind of loss, makes its first argument from the fields of a batch. */
const BATCHES: Readonly<Record<LossKind, (x: Fields<unknown>) => object>> = {
  pairs: (x) => ({
    ...('chosen' in x
      ? { policy: { chosen: x.chosen, rejected: x.rejected } }
      : {
          policy: { chosen: x.policyChosen, rejected: x.policyRejected },
          reference: { chosen: x.referenceChosen, rejected: x.referenceRejected },
        }),
    ...('chosenLengths' in x && { lengths: { chosen: x.chosenLengths, rejected: x.rejectedLengths } }),
    ...('chosenKl' in x && { sequentialKl: { chosen: x.chosenKl, rejected: x.rejectedKl } }),
    ...('chosenRewards' in x && { rewards: { chosen: x.chosenRewards, rejected: x.rejectedRewards } }),
    ...('tie' in x && { tie: x.tie }),
    ...('mean' in x && { statistics: { mean: x.mean, std: x.std } }),
  }),
  referenceFreePairs: (x) => x,
  examples: ({ policy, reference, desirable, kl }) => ({ policy, reference, desirable, ...(kl !== undefined && { kl }) }),
  completions: (x) => x,
  referenceFreeCompletions: (x) => x,
  lists: ({ policy, reference, rewards, mask }) => ({
    policy,
    reference,
    ...(rewards !== undefined && { rewards }),
    ...(mask !== undefined && { mask }),
  }),
  referenceFreeLists: (x) => x,
  rewards: (x) => x,
};

/** Makes the first argument of a loss of this kind from the fields of a batch of {@link LossGoldens}. */
export const batchOf = (kind: LossKind, fields: Fields<unknown>): object => BATCHES[kind](fields);

/** Calls a loss of the catalogue with the fields and options of {@link LossGoldens}. */
export function callGolden<T>(name: LossName, fields: Fields<T>, options: object): T {
  const { loss, kind, fields: wanted } = lossNamed(name);
  const { rewards, ...others } = fields;
  // Some losses on lists take no rewards.
  const isDropped = rewards === undefined || (kind === 'lists' && !wanted.includes('rewards'));
  return (loss as (batch: object, options: object) => T)(batchOf(kind, isDropped ? others : fields), options);
}
