import { add, concat, mul, reshape, shape, slice, stopGradient, sum, tanh } from '../backend/ops.js';
import { backendOf } from '../backend/registry.js';
import type { LinearRows, TokenDivergence, TokenStats } from '../backend/types.js';
import { NO_LABEL } from '../internal/labels.js';
import { vocabularyAxis } from '../internal/weightLayout.js';
import { tokenDivergenceDefinition } from './tokenDivergence.js';
import { tokenLogProbsDefinition } from './tokenLogProbs.js';
import { tokenStatsDefinition } from './tokenStats.js';

/** `linearTokenLogProbs` in plain operations, `[N]`. */
export function linearTokenLogProbsDefinition<T>(rows: LinearRows<T>, frozenWeight: boolean): T {
  const own = frozenWeight ? withFrozenWeight(rows) : rows;
  return concat(byBlocks(own, (logits, label) => tokenLogProbsDefinition(logits, label, NO_LABEL)));
}

/** `linearTokenStats` in plain operations, each result `[N]`. */
export function linearTokenStatsDefinition<T>(rows: LinearRows<T>): TokenStats<T> {
  const stats = byBlocks(rows, (logits, label) => tokenStatsDefinition(logits, label, NO_LABEL));
  const joined = (name: keyof TokenStats<T>): T => concat(stats.map((ofRow) => ofRow[name]));
  return {
    logps: joined('logps'),
    entropy: joined('entropy'),
    correct: joined('correct'),
    meanLogit: joined('meanLogit'),
    logSumSquares: joined('logSumSquares'),
  };
}

/** `linearTokenDivergence` in plain operations, `[N]`. */
export function linearTokenDivergenceDefinition<T>(
  policy: LinearRows<T>,
  reference: LinearRows<T>,
  divergence: TokenDivergence,
  weight: number,
  frozenWeight: boolean,
): T {
  const own = frozenWeight ? withFrozenWeight(policy) : policy;
  return concat(
    blocksOf(policy).map(([start, stop]) =>
      tokenDivergenceDefinition(logitsOf(own, start, stop), logitsOf(reference, start, stop), divergence, weight),
    ),
  );
}

const withFrozenWeight = <T>(rows: LinearRows<T>): LinearRows<T> => ({
  ...rows,
  weight: stopGradient(rows.weight),
  bias: rows.bias === undefined ? undefined : stopGradient(rows.bias),
});

/** Logits in memory at a time on an engine with a matrix product: 32 MiB in float32. */
const LOGITS = 2 ** 23;

/** Applies `f` to the logits `[n, V]` and the labels `[n]` of some rows at a time, to save memory. */
const byBlocks = <T, R>(rows: LinearRows<T>, f: (logits: T, labels: T) => R): R[] =>
  blocksOf(rows).map(([start, stop]) => f(logitsOf(rows, start, stop), slice(rows.labels, start, stop)));

/** Blocks of rows, from `start` to `stop - 1`: of one row, without a matrix product. */
function blocksOf<T>({ hidden, weight, layout }: LinearRows<T>): [start: number, stop: number][] {
  const [size, vocabulary] = [shape(hidden)[0]!, shape(weight)[vocabularyAxis(layout)]!];
  const step = backendOf<T>(hidden).matmul ? Math.max(1, Math.floor(LOGITS / vocabulary)) : 1;
  return Array.from({ length: Math.ceil(size / step) }, (_, i) => [i * step, Math.min((i + 1) * step, size)]);
}

/** The logits `[n, V]` of a block. */
function logitsOf<T>({ hidden, weight, layout, bias, cap }: LinearRows<T>, start: number, stop: number): T {
  const backend = backendOf<T>(hidden);
  const axis = vocabularyAxis(layout);
  const product = (state: T): T => {
    if (backend.matmul) return backend.matmul(state, weight, axis === 0);
    const width = shape(hidden)[1]!;
    const products = sum(mul(weight, reshape(state, axis === 0 ? [1, width] : [width, 1])), 1 - axis);
    return reshape(products, [1, shape(weight)[axis]!]);
  };
  const products = product(slice(hidden, start, stop));
  const logits = bias === undefined ? products : add(products, bias);
  return cap === undefined ? logits : mul(tanh(logits), cap);
}
