import type { Pair } from 'prefloss/core';
import type { EncodedPair } from 'prefloss/data';
import { VOCABULARY_SIZE as V } from './tokens.js';

/**
 * A language model of two tables `[V, V]`: the next token y, given the last token x and the one before it, w.
 *
 *     logits[y] = last[x, y] + previous[w, y]
 *     last[x, y] = log P(y | x), previous[w, y] = log P(y | w) - log P(y)
 *
 * Its softmax is P(y | w, x) if w and x are independent given y (naive Bayes).
 */
export interface Tables {
  readonly last: Float32Array;
  readonly previous: Float32Array;
}

/** Added to each count, so that no token is impossible. */
const SMOOTHING = 0.1;

/** Fits the tables by counting the tokens of both sides of each pair, with a weight for each side. */
export function fit(pairs: readonly EncodedPair[], weights: Pair<number>): Tables {
  const last = countsAfter(1, pairs, weights);
  const previous = countsAfter(2, pairs, weights);
  const everywhere = logShares(columnSums(previous), V);
  return {
    last: Float32Array.from(logShares(last, V)),
    previous: Float32Array.from(logShares(previous, V), (logp, i) => logp - everywhere[i % V]!),
  };
}

/** Counts how often token y comes `lag` places after token x, `[V, V]`. */
function countsAfter(lag: number, pairs: readonly EncodedPair[], weights: Pair<number>): Float64Array {
  const counts = new Float64Array(V * V).fill(SMOOTHING);
  for (const pair of pairs) {
    for (const side of ['chosen', 'rejected'] as const) {
      const { tokens } = pair[side];
      for (let t = lag; t < tokens.length; t++) counts[tokens[t - lag]! * V + tokens[t]!]! += weights[side];
    }
  }
  return counts;
}

function columnSums(counts: Float64Array): Float64Array {
  const sums = new Float64Array(V);
  counts.forEach((count, i) => (sums[i % V]! += count));
  return sums;
}

/** Logarithms of the shares of a row, for each row of `width` counts. */
function logShares(counts: Float64Array, width: number): Float64Array {
  const shares = new Float64Array(counts.length);
  for (let start = 0; start < counts.length; start += width) {
    const row = counts.subarray(start, start + width);
    const sum = row.reduce((total, count) => total + count, 0);
    row.forEach((count, i) => (shares[start + i] = Math.log(count / sum)));
  }
  return shares;
}
