import { arange, div, equal, exp, log, max, mul, neg, reshape, shape, square, stopGradient, sub, sum, where } from '../backend/ops.js';
import type { TokenStats } from '../backend/types.js';
import { countedRows, isCounted, oneInRange } from '../internal/labels.js';
import { tokenLogProbsDefinition } from './tokenLogProbs.js';

/** `tokenStats` in plain operations. `logits [N, V]`, `labels [N]`, each statistic `[N]`, without gradient. */
export function tokenStatsDefinition<T>(given: T, labels: T, ignoreIndex: number): TokenStats<T> {
  const logits = stopGradient(given);
  const [size, vocabulary] = shape(logits) as [number, number];
  const counts = isCounted(labels, ignoreIndex);
  const rows = countedRows(logits, counts);
  const shifted = sub(rows, reshape<T>(max(rows, -1), [size, 1]));
  const powers = exp(shifted);
  const total = sum(powers, -1) as T;
  // 0 times -Infinity counts as 0: an impossible token adds nothing.
  const weighted = sum(where(equal(powers, 0), 0, mul(powers, shifted)), -1) as T;
  const places = reshape<T>(arange<T>(logits, vocabulary), [1, vocabulary]);
  const first = neg(max(where(equal(shifted, 0), neg(places), -vocabulary), -1) as T);
  const ofCounted = (x: T): T => where(counts, x, 0);
  return {
    logps: tokenLogProbsDefinition(logits, labels, ignoreIndex),
    entropy: ofCounted(sub(log(total), div(weighted, total))),
    correct: ofCounted(mul(where(equal(labels, first), 1, 0), oneInRange(labels, counts, vocabulary))),
    meanLogit: ofCounted(div(sum(rows, -1) as T, vocabulary)),
    logSumSquares: ofCounted(sub(log(sum(square(powers), -1) as T), mul(log(total), 2))),
  };
}
