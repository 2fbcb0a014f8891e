import type { DType, OrPlain } from '../backend/types.js';
import { concat, scope, slice, sub, take } from '../backend/ops.js';
import {
  checkFields,
  checkOnlyFields,
  checkTensor,
  checkValues,
  poisonOutside,
  type Checked,
  type OtherFields,
} from '../internal/checks.js';
import { atMostZero } from '../internal/domains.js';
import { checkMask } from '../masking/maskedReductions.js';

/** A tensor for each side of the preference pairs: log-probs, rewards, indices; `[B]` unless a function states another shape. */
export type Pair<T> = {
  /** The preferred side. */
  readonly chosen: T;
  /** The other side. */
  readonly rejected: T;
};

/** Completion log-probs of preference pairs, in nats, each `[B]`: sums, unless a function states otherwise. */
export type PairLogps<T> = {
  /** Under the model that is trained. */
  readonly policy: Pair<T>;
  /** Under the model that it must stay close to; tensors, or plain lists. */
  readonly reference: Pair<OrPlain<NoInfer<T>>>;
};

/** Applies `f` to both sides. */
export const mapPair = <T, R>({ chosen, rejected }: Pair<T>, f: (side: T) => R): Pair<R> => ({ chosen: f(chosen), rejected: f(rejected) });

/** Log-probs of pairs for functions that work with or without a reference. */
export type OptionalReference<T> = PairLogps<T> | { readonly policy: Pair<T>; readonly reference?: undefined };

/** Summed completion log-probs of unpaired examples under policy and reference, in nats, each `[B]`. */
export type UnpairedLogps<T> = {
  /** Under the model that is trained. */
  readonly policy: T;
  /** Under the model that it must stay close to; a tensor, or a plain list. */
  readonly reference: OrPlain<NoInfer<T>>;
};

/** Checks that the log-probs of both sides are at most 0, where they can be read; see {@link noneAboveZero}. */
export function checkAtMostZero(fn: string, { chosen, rejected }: Pair<unknown>): void {
  checkValues(fn, { name: 'chosen', value: chosen }, atMostZero);
  checkValues(fn, { name: 'rejected', value: rejected }, atMostZero);
}

/** Log-probs, with NaN in place of those above 0 where they cannot be read: for losses that have no meaning there. */
export const noneAboveZero = <T>(logps: T): T => poisonOutside(logps, atMostZero);

/** Requirements on both sides of a pair. */
interface PairLike {
  /** The argument that both sides must match. */
  readonly like: Checked;
  /** Accepted dtypes. Default: float only. */
  readonly dtype?: readonly DType[];
  /** Whether plain values are accepted next to tensors. */
  readonly orPlain?: boolean;
}

/** Checks both sides of a pair, whose names begin with `prefix`: `[B]`, unless they must match another argument. Returns the chosen side. */
export function checkPair<T>(fn: string, name: string, pair: Pair<T>, prefix = '', expected?: PairLike): Checked<T> {
  checkFields(fn, name, pair, ['chosen', 'rejected'], []);
  const chosen = checkTensor(fn, `${prefix}chosen`, pair.chosen, expected ?? { rank: 1 });
  checkTensor(fn, `${prefix}rejected`, pair.rejected, expected ?? { like: chosen });
  return chosen;
}

/** Checks token log-probs of pairs and their masks, all of the same shape `[B, T]`. */
export function checkTokenPairs(fn: string, logps: Pair<unknown>, masks: Pair<unknown>): void {
  checkFields(fn, 'logps', logps, ['chosen', 'rejected']);
  checkFields(fn, 'masks', masks, ['chosen', 'rejected']);
  const like = checkTensor(fn, 'logps.chosen', logps.chosen, { rank: 2 });
  checkTensor(fn, 'logps.rejected', logps.rejected, { like });
  checkMask(fn, masks.chosen, like, 'masks.chosen');
  checkMask(fn, masks.rejected, like, 'masks.rejected');
}

/** Checks the four log-probs of preference pairs. Returns the policy's chosen side, which the others must match. */
export function checkPairLogps<T>(fn: string, logps: PairLogps<T>, others: OtherFields = []): Checked<T> {
  const form = '{ policy: { chosen, rejected }, reference: { chosen, rejected } }';
  checkFields(fn, 'logps', logps, ['policy', 'reference'], others, form);
  const like = checkPair(fn, 'policy', logps.policy, 'policy.');
  checkPair(fn, 'reference', logps.reference, 'reference.', { like, orPlain: true });
  return like;
}

/** Checks the log-probs of preference pairs, with or without a reference. Returns the policy's chosen side. */
export function checkOptionalReference<T>(fn: string, logps: OptionalReference<T>): Checked<T> {
  checkOnlyFields(fn, 'logps', logps, ['policy'], ['reference']);
  return logps.reference === undefined ? checkPair(fn, 'policy', logps.policy, 'policy.') : checkPairLogps(fn, logps);
}

/** Checks the two log-probs of unpaired examples. Returns those of the policy. */
export function checkUnpairedLogps<T>(fn: string, logps: UnpairedLogps<T>, others: OtherFields = []): Checked<T> {
  checkFields(fn, 'logps', logps, ['policy', 'reference'], others);
  const like = checkTensor(fn, 'policy', logps.policy, { rank: 1 });
  checkTensor(fn, 'reference', logps.reference, { like, orPlain: true });
  return like;
}

/**
 * Splits a batch of all chosen rows, then all rejected rows, into its halves `x[0:B]` and `x[B:2B]`.
 *
 * @param x - `[2B, ...]`, of any dtype.
 * @returns The two halves, each `[B, ...]`.
 * @throws RangeError if the number of rows is odd, or `x` is a scalar.
 *
 * @example
 * ```ts
 * import { splitPairs } from 'prefloss';
 * const { chosen, rejected } = splitPairs([-1, -2, -3, -4]);
 * console.log(chosen, rejected); // -1,-2 -3,-4
 * ```
 */
export function splitPairs<T>(x: T): Pair<T> {
  const { shape } = checkTensor('splitPairs', 'x', x, { dtype: ['float', 'int', 'bool'] });
  const [rows] = shape;
  if (rows === undefined || rows % 2 !== 0) {
    throw new RangeError(`splitPairs: x has shape [${shape.join(', ')}], expected an even number of rows, chosen first`);
  }
  return scope(x, () => ({ chosen: slice(x, 0, rows / 2), rejected: slice(x, rows / 2, rows) }));
}

/**
 * Joins pairs into one batch of all chosen rows, then all rejected rows: the inverse of {@link splitPairs}.
 *
 * @param pair - Two tensors `[B, ...]` of the same shape and dtype.
 * @returns `[2B, ...]`
 * @throws RangeError if the shapes differ, or the tensors are scalars.
 */
export function concatPairs<T>(pair: Pair<T>): T {
  checkFields('concatPairs', 'pair', pair, ['chosen', 'rejected']);
  const dtype = ['float', 'int', 'bool'] as const;
  const chosen = checkTensor('concatPairs', 'chosen', pair.chosen, { dtype });
  if (chosen.shape.length === 0) throw new RangeError('concatPairs: chosen has shape [], expected at least rank 1');
  checkTensor('concatPairs', 'rejected', pair.rejected, { dtype, like: chosen });
  return scope(pair.chosen, () => concat([pair.chosen, pair.rejected]));
}

/**
 * Builds pairs by index from one batch of examples, so that an example may be in several pairs, or in none.
 *
 * @param x - Floats, one value per example `[N]`, or one row per example `[N, ...]`.
 * @param indices - Positions of the chosen and of the rejected example of each pair, integers `[B]` in `[0, N)`; tensors of the
 *   engine of `x`, or plain lists.
 * @returns `x[indices.chosen]` and `x[indices.rejected]`, each `[B, ...]`; gradients of an example that repeats add up.
 * @throws TypeError if an index tensor does not hold integers.
 * @throws RangeError if the two index lists differ in length, `x` is a scalar, or an index is not an integer in `[0, N)`; an
 *   index tensor cannot be read on WebGPU and WebGL: there, an index out of range gives NaN instead.
 *
 * @example
 * ```ts
 * import { gatherPairs } from 'prefloss';
 * const { chosen, rejected } = gatherPairs([-1, -2, -3], { chosen: [0, 0], rejected: [1, 2] });
 * console.log(chosen, rejected); // -1,-1 -2,-3
 * ```
 */
export function gatherPairs<T, I = T>(x: T, indices: Pair<I | readonly number[]>): Pair<T> {
  const [rows] = checkTensor('gatherPairs', 'x', x).shape;
  if (rows === undefined) throw new RangeError('gatherPairs: x has shape [], expected at least rank 1');
  checkFields('gatherPairs', 'indices', indices, ['chosen', 'rejected']);
  const size = checkIndices('indices.chosen', indices.chosen, rows);
  const other = checkIndices('indices.rejected', indices.rejected, rows);
  if (other !== size) throw new RangeError(`gatherPairs: indices.rejected has shape [${other}], expected [${size}] like indices.chosen`);
  const at = (i: I | readonly number[]) => take(x, i as T | readonly number[]);
  return scope(x, () => ({ chosen: at(indices.chosen), rejected: at(indices.rejected) }));
}

function checkIndices(name: string, indices: unknown, rows: number): number {
  const checked = checkTensor('gatherPairs', name, indices, { rank: 1, dtype: ['int'] });
  const has = (v: number) => Number.isInteger(v) && v >= 0 && v < rows;
  checkValues('gatherPairs', checked, { has, words: `an integer in [0, ${rows})` });
  return checked.shape[0]!;
}

/**
 * Log-ratio margin: how much more the policy prefers the chosen side than the reference does. Papers call it Delta.
 *
 *     Delta = (policy.chosen - reference.chosen) - (policy.rejected - reference.rejected)
 *
 * @param logps - Completion log-probs in nats, each `[B]`.
 * @returns The margins `[B]`, in nats; 0 where policy and reference agree. Differentiable with respect to all four log-probs.
 * @throws RangeError if shapes differ.
 */
export function logRatioMargin<T>(logps: PairLogps<T>): T {
  checkPairLogps('logRatioMargin', logps, 'any');
  return scope(logps.policy.chosen, () => marginOf(logps));
}

/** Policy minus reference on both sides, without checks. */
export const logRatios = <T>({ policy, reference }: PairLogps<T>): Pair<T> => ({
  chosen: sub(policy.chosen, reference.chosen),
  rejected: sub(policy.rejected, reference.rejected),
});

/** {@link logRatioMargin} without checks; without a reference, the policy's chosen minus rejected log-probs. */
export function marginOf<T>(logps: OptionalReference<T>): T {
  // Policy minus reference first: the two are close, so float32 loses least.
  const { chosen, rejected } = logps.reference === undefined ? logps.policy : logRatios(logps);
  return sub(chosen, rejected);
}
