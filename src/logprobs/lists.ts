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
  /** 1 for candidates, 0 for padding if a prompt has fewer than K, `[B, K]`. By default all are candidates. */
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
  /** 1 for candidates, 0 for padding if a prompt has fewer than K, `[B, K]`. By default all are candidates. */
  readonly mask?: T;
}

/** Score of padding: far below any real score, but finite, because WebGPU need not support infinities. */
export const FAR_BELOW = -1e30;

/** Checks lists of candidates: all fields `[B, K]`, with K at least 2. Returns the policy's log-probs. */
export function checkLists<T>(fn: string, batch: { readonly policy: T; readonly mask?: T }, fields: readonly string[]): Checked<T> {
  checkFields(fn, 'batch', batch, fields);
  checkNoOtherFields(fn, 'batch', batch, [...fields, 'mask']);
  const { policy, mask } = batch;
  const like = checkTensor(fn, 'policy', policy, { rank: 2, ragged: 'pad it, and mark the padding in mask' });
  if (like.shape[1]! < 2) throw new RangeError(`${fn}: policy has shape [${like.shape.join(', ')}], expected at least 2 candidates`);
  for (const name of fields.slice(1)) checkTensor(fn, name, (batch as Readonly<Record<string, unknown>>)[name], { like });
  if (mask !== undefined) checkMask(fn, mask, like);
  return like;
}

/** The values of candidates, and a neutral value in place of padding. */
export const counted = <T>(x: T, mask: T | undefined, neutral = 0): T => (mask === undefined ? x : where(mask, x, neutral));

/** `beta * (policy - reference)` of checked lists, `[B, K]`; 0 in place of padding. */
export const listRewards = <T>({ policy, reference, mask }: ListLogps<T>, beta: number): T =>
  counted(mul(sub(policy, reference), beta), mask);

/** The log-softmax over the candidates, `[B, K]`; far below all other values in place of padding. */
export const logSoftmaxOfCandidates = <T>(scores: T, mask: T | undefined): T => logSoftmax(counted(scores, mask, FAR_BELOW));

/** Sum over the candidates, `[B]`. */
export const sumOfCandidates = <T>(x: T, mask: T | undefined): Less<T> =>
  (mask === undefined ? sum(x, -1) : sumOfCounted(x, mask, -1)) as Less<T>;

/** `[B, K]` as `[B, K, 1]`: the values of the first candidate of each pair. */
export const asFirst = (x: unknown): unknown => reshape(x, [...shape(x), 1]);

/** `[B, K]` as `[B, 1, K]`: the values of the second candidate of each pair. */
export function asSecond(x: unknown): unknown {
  const [rows, candidates] = shape(x) as [number, number];
  return reshape(x, [rows, 1, candidates]);
}

/** Whether the second candidate is ranked behind the first, `[K, K]`. */
export function isBehind(like: unknown): unknown {
  const candidates = shape(like)[1]!;
  const numbers = arange<unknown>(like, candidates);
  return greater(reshape(numbers, [1, candidates]), reshape(numbers, [candidates, 1]));
}

/**
 * The values `[B, K, K]` of pairs whose condition holds and whose second candidate is not padding; `otherwise` for other pairs.
 * {@link sumOfCandidates} leaves out pairs whose first candidate is padding.
 */
export function amongPairs(condition: unknown, values: unknown, mask: unknown, otherwise: number): unknown {
  const selected = where(condition, values, otherwise);
  return mask === undefined ? selected : where(asSecond(mask), selected, otherwise);
}
