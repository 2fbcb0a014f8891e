import type { OrPlain, Reduced } from '../backend/types.js';
import { arange, greater, maximum, mul, reshape, scope, shape, sub, sum, where } from '../backend/ops.js';
import { checkOnlyFields, checkTensor, type Checked } from '../internal/checks.js';
import { logSoftmax } from '../internal/numerics.js';
import { checkMask, sumOfCounted } from '../masking/maskedReductions.js';

/** Summed log-probs of K candidates per prompt, in nats; best first unless rewards rank them. */
export type ListLogps<T> = {
  /** Under the model that is trained, `[B, K]`. */
  readonly policy: T;
  /** Under the model that it must stay close to, `[B, K]`. */
  readonly reference: OrPlain<NoInfer<T>>;
  /** 1 for candidates, 0 for the padding of prompts with fewer than K, `[B, K]`. If omitted, all are candidates. */
  readonly mask?: OrPlain<NoInfer<T>>;
};

/** Candidates with the rewards that rank them, in any order. */
export type RewardedListLogps<T> = ListLogps<T> & {
  /** One reward per candidate, in any unit, `[B, K]`. */
  readonly rewards: OrPlain<NoInfer<T>>;
};

/** Candidates with the rewards that rank them, for losses without a reference. */
export type RewardedLists<T> = {
  /** Mean log-probs under the model that is trained, in nats per token, `[B, K]`. */
  readonly policy: T;
  /** One reward per candidate, in any unit, `[B, K]`. */
  readonly rewards: OrPlain<NoInfer<T>>;
  /** 1 for candidates, 0 for the padding of prompts with fewer than K, `[B, K]`. If omitted, all are candidates. */
  readonly mask?: OrPlain<NoInfer<T>>;
};

/** Score of padding: far below any real score, yet finite, because WebGPU need not support infinities. */
export const FAR_BELOW = -1e30;

/** Checks lists of candidates: all fields are `[B, K]`, with K at least 2. Returns the checked log-probs of the policy. */
export function checkLists<T>(fn: string, batch: { readonly policy: T; readonly mask?: unknown }, fields: readonly string[]): Checked<T> {
  checkOnlyFields(fn, 'batch', batch, fields, ['mask']);
  const { policy, mask } = batch;
  const like = checkTensor(fn, 'policy', policy, { rank: 2, ragged: 'pad it and pass a mask' });
  const [rows, candidates] = like.shape as [number, number];
  // The number of candidates of a plain empty list is unknown.
  if (candidates < 2 && !(rows === 0 && like.backend.isUntyped))
    throw new RangeError(`${fn}: policy has shape [${like.shape.join(', ')}], expected at least 2 candidates`);
  for (const name of fields.slice(1)) checkTensor(fn, name, (batch as Readonly<Record<string, unknown>>)[name], { like, orPlain: true });
  if (mask !== undefined) checkMask(fn, mask, like);
  return like;
}

/** Computes the losses, or other values, of checked lists `[B]`. A part of a batch without lists has none, and leaves nothing to compute. */
export const lossOfLists = <T>(like: Checked<T>, f: () => Reduced<T>): Reduced<T> =>
  scope(like.value, () => (like.shape[0] === 0 ? sum(like.value, -1) : f()));

/** The values with `neutral` in place of padding, whatever the padding holds. */
export const counted = <T>(x: T, mask: unknown, neutral = 0): T => (mask === undefined ? x : where(mask, x, neutral));

/** `beta * (policy - reference)` of checked lists, `[B, K]`; 0 for padding. */
export const listRewards = <T>({ policy, reference, mask }: ListLogps<T>, beta: number): T =>
  counted(mul(sub(policy, reference), beta), mask);

/** Log-softmax over the candidates, `[B, K]`. Padding is excluded, and the results at padding are meaningless. */
export const logSoftmaxOfCandidates = <T>(scores: T, mask: unknown): T => logSoftmax(counted(scores, mask, FAR_BELOW));

/** Sum over the candidates, without padding, `[B]`. */
export const sumOfCandidates = <T>(x: T, mask: OrPlain<T> | undefined): Reduced<T> =>
  mask === undefined ? sum(x, -1) : sumOfCounted(x, mask, -1);

// A loss over all pairs (i, j) of candidates works on [B, K, K]. Such a tensor has type T, like tensors [B, K].

/** `[B, K]` as `[B, K, 1]`: the value of the first candidate of each pair. */
export const firstOfPairs = <T>(x: T): T => reshape<T>(x, [...shape(x), 1]);

/** `[B, K]` as `[B, 1, K]`: the value of the second candidate of each pair. */
export function secondOfPairs<T>(x: T): T {
  const [rows, candidates] = shape(x) as [number, number];
  return reshape<T>(x, [rows, 1, candidates]);
}

/** The value of the first candidate minus that of the second, for all pairs, `[B, K, K]`. */
export const pairDifferences = <T>(x: T): T => sub(firstOfPairs(x), secondOfPairs(x));

/**
 * By how much the reward of the first candidate of each pair exceeds that of the second, `[B, K, K]`; 0 where it does not, and where the
 * second is padding. Padding as the first candidate is left to {@link sumOfCandidates}.
 */
export const rewardLeads = <T>(rewards: T, mask: unknown): T =>
  maximum(sub(firstOfPairs(counted(rewards, mask)), secondOfPairs(counted(rewards, mask, -FAR_BELOW))), 0);

/** Non-zero where the second candidate of a pair comes after the first in the list, `[K, K]`. */
export function isSecondBehind<T>(like: T): T {
  const candidates = shape(like)[1]!;
  const positions = arange<T>(like, candidates);
  return greater(reshape<T>(positions, [1, candidates]), reshape<T>(positions, [candidates, 1]));
}

/**
 * The values of pairs `[B, K, K]` that meet the condition and whose second candidate is not padding; `otherwise` for all
 * others. Padding as the first candidate is left to {@link sumOfCandidates}.
 */
export function selectPairs<T>(condition: unknown, values: T, mask: unknown, otherwise: number): T {
  const selected = where(condition, values, otherwise);
  return mask === undefined ? selected : where(secondOfPairs(mask), selected, otherwise);
}
