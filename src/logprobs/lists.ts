import type { Less } from '../backend/types.js';
import { arange, greater, mul, reshape, shape, sub, sum, where } from '../backend/ops.js';
import { checkFields, checkNoOtherFields, checkTensor, type Checked } from '../internal/checks.js';
import { logSoftmax } from '../internal/numerics.js';
import { checkMask, sumOfCounted } from '../masking/maskedReductions.js';

/** Summed log-probs of K candidates for each prompt, best first, in nats. */
export interface ListLogps<T> {
  /** Under the model that is trained, `[B, K]`. */
  readonly policy: T;
  /** Under the model that it must stay close to, `[B, K]`. */
  readonly reference: T;
  /** 1 for candidates, 0 for padding where prompts have fewer than K, `[B, K]`. Left out: all are candidates. */
  readonly mask?: T;
}

/** Candidates with the rewards that they are ranked by. */
export interface RewardedListLogps<T> extends ListLogps<T> {
  /** One reward per candidate, in any unit, `[B, K]`. */
  readonly rewards: T;
}

/** Candidates with their rewards, for losses without a reference. */
export interface RewardedLists<T> {
  /** Mean log-probs under the model that is trained, in nats per token, `[B, K]`. */
  readonly policy: T;
  /** One reward per candidate, in any unit, `[B, K]`. */
  readonly rewards: T;
  /** 1 for candidates, 0 for padding where prompts have fewer than K, `[B, K]`. Left out: all are candidates. */
  readonly mask?: T;
}

/** Score of a padded candidate: far below any real score, yet finite, because WebGPU need not support infinities. */
export const FAR_BELOW = -1e30;

/** Checks lists of candidates: all fields `[B, K]`, with K at least 2. Gives the policy's log-probs. */
export function checkLists<T>(fn: string, batch: { readonly policy: T; readonly mask?: T }, fields: readonly string[]): Checked<T> {
  checkFields(fn, 'batch', batch, fields);
  checkNoOtherFields(fn, 'batch', batch, [...fields, 'mask']);
  const { policy, mask } = batch;
  const like = checkTensor(fn, 'policy', policy, { rank: 2, ragged: 'pad it, and say with mask what counts' });
  if (like.shape[1]! < 2) throw new RangeError(`${fn}: policy has shape [${like.shape.join(', ')}], expected at least 2 candidates`);
  for (const name of fields.slice(1)) checkTensor(fn, name, (batch as Readonly<Record<string, unknown>>)[name], { like });
  if (mask !== undefined) checkMask(fn, mask, like);
  return like;
}

/** The values of candidates, and a neutral one in place of padding, whatever it holds. */
export const counted = <T>(x: T, mask: T | undefined, neutral = 0): T => (mask === undefined ? x : where(mask, x, neutral));

/** `beta * (policy - reference)` of checked lists, `[B, K]`; 0 in place of padding. */
export const listRewards = <T>({ policy, reference, mask }: ListLogps<T>, beta: number): T =>
  counted(mul(sub(policy, reference), beta), mask);

/** The logarithm of the softmax over the candidates, `[B, K]`; far below all others in place of padding. */
export const logSoftmaxOfCandidates = <T>(scores: T, mask: T | undefined): T => logSoftmax(counted(scores, mask, FAR_BELOW));

/** Sum over the candidates, `[B]`. */
export const sumOfCandidates = <T>(x: T, mask: T | undefined): Less<T> =>
  (mask === undefined ? sum(x, -1) : sumOfCounted(x, mask, -1)) as Less<T>;

/** `[B, K]` as `[B, K, 1]`: what belongs to the first candidate of all pairs. */
export const asFirst = (x: unknown): unknown => reshape(x, [...shape(x), 1]);

/** `[B, K]` as `[B, 1, K]`: what belongs to the second candidate of all pairs. */
export function asSecond(x: unknown): unknown {
  const [rows, candidates] = shape(x) as [number, number];
  return reshape(x, [rows, 1, candidates]);
}

/** Whether the second candidate stands behind the first, `[K, K]`. */
export function isBehind(like: unknown): unknown {
  const candidates = shape(like)[1]!;
  const numbers = arange<unknown>(like, candidates);
  return greater(reshape(numbers, [1, candidates]), reshape(numbers, [candidates, 1]));
}

/**
 * Pairs `[B, K, K]` whose condition holds and whose second candidate counts; the values of others become `otherwise`. Whether
 * the first counts is left to {@link sumOfCandidates}.
 */
export function amongPairs(condition: unknown, values: unknown, mask: unknown, otherwise: number): unknown {
  const selected = where(condition, values, otherwise);
  return mask === undefined ? selected : where(asSecond(mask), selected, otherwise);
}
