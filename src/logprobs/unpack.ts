import { isList } from '../backend/arrays/lists.js';
import { reshape, scope, take } from '../backend/ops.js';
import type { Reduced } from '../backend/types.js';
import { checkEach, checkFields, checkTensor } from '../internal/checks.js';
import { mapPair, type Pair } from './pairs.js';

/**
 * Values of packed sequences in the order of the pairs: both sides, as losses take them.
 *
 * @param x - One value per segment of each row, floats `[R, count]`, from `completionLogProbs` or `sequenceLogProbs`.
 * @param places - `places` of a batch from `collatePackedPairs`, each `[B]`: row times `count`, plus the segment from 0.
 * @returns Both sides, each `[B]`.
 * @throws RangeError if `x` is not of rank 2, or a place is not an integer in `[0, R * count)`.
 *
 * @example
 * ```ts
 * import { unpack } from 'prefloss';
 * const { chosen, rejected } = unpack([[-1, -2, -3, -4], [-5, -6, 0, 0]], { chosen: [0, 2, 4], rejected: [1, 3, 5] });
 * console.log(chosen, rejected); // -1,-3,-5 -2,-4,-6
 * ```
 */
export function unpack<T>(x: T, places: Pair<readonly number[]>): Pair<Reduced<T>>;
/**
 * Values of packed sequences in the order of the sequences.
 *
 * @param places - `places` of a batch from `collatePackedSequences`, `[B]`.
 * @returns `[B]`
 */
export function unpack<T>(x: T, places: readonly number[]): Reduced<T>;
export function unpack(x: unknown, places: readonly number[] | Pair<readonly number[]>): unknown {
  const [rows, count] = checkTensor(FN, 'x', x, { rank: 2 }).shape as [number, number];
  const size = rows * count;
  if (isList(places)) checkPlaces('places', places, size);
  else {
    checkFields(FN, 'places', places, ['chosen', 'rejected'], 'any', 'a list or { chosen, rejected }');
    for (const side of ['chosen', 'rejected'] as const) checkPlaces(`places.${side}`, places[side], size);
  }
  return scope(x, () => {
    const flat = reshape<unknown>(x, [size]);
    const at = (list: readonly number[]): unknown => take(flat, list);
    return isList(places) ? at(places) : mapPair(places, at);
  });
}

const FN = 'unpack';

function checkPlaces(name: string, places: readonly number[], size: number): void {
  checkTensor(FN, name, places, { rank: 1 });
  checkEach(FN, name, places, { has: (v) => Number.isInteger(v) && v >= 0 && v < size, words: `an integer in [0, ${size})` });
}
