import { add, concat, mul, reshape, shape, slice, stopGradient, sum, tanh } from '../backend/ops.js';
import { backendOf } from '../backend/registry.js';
import type { LinearRows, TokenStats } from '../backend/types.js';
import { NO_LABEL } from '../internal/labels.js';
import { vocabularyAxis } from '../internal/weightLayout.js';
import { tokenLogProbsDefinition } from './tokenLogProbs.js';
import { tokenStatsDefinition } from './tokenStats.js';

/** `linearTokenLogProbs` in plain operations, `[N]`. */
export function linearTokenLogProbsDefinition<T>(rows: LinearRows<T>, frozenWeight: boolean): T {
  const constants = { weight: stopGradient(rows.weight), bias: rows.bias === undefined ? undefined : stopGradient(rows.bias) };
  return concat(
    byRows(frozenWeight ? { ...rows, ...constants } : rows, (logits, label) => tokenLogProbsDefinition(logits, label, NO_LABEL)),
  );
}

/** `linearTokenStats` in plain operations, each result `[N]`. */
export function linearTokenStatsDefinition<T>(rows: LinearRows<T>): TokenStats<T> {
  const stats = byRows(rows, (logits, label) => tokenStatsDefinition(logits, label, NO_LABEL));
  const joined = (name: keyof TokenStats<T>): T => concat(stats.map((ofRow) => ofRow[name]));
  return {
    logps: joined('logps'),
    entropy: joined('entropy'),
    correct: joined('correct'),
    meanLogit: joined('meanLogit'),
    logSumSquares: joined('logSumSquares'),
  };
}

/** Logits in memory at a time on an engine with a matrix product: 32 MiB in float32. */
const LOGITS = 2 ** 23;

/** Applies `f` to the logits `[n, V]` and the labels `[n]` of some rows at a time, to save memory: of one, without a matrix product. */
function byRows<T, R>({ hidden, weight, layout, bias, labels, cap }: LinearRows<T>, f: (logits: T, labels: T) => R): R[] {
  const backend = backendOf<T>(hidden);
  const axis = vocabularyAxis(layout);
  const [[size, width], vocabulary] = [shape(hidden) as [number, number], shape(weight)[axis]!];
  const rows = backend.matmul ? Math.max(1, Math.floor(LOGITS / vocabulary)) : 1;
  const product = (state: T): T => {
    if (backend.matmul) return backend.matmul(state, weight, axis === 0);
    const products = sum(mul(weight, reshape(state, axis === 0 ? [1, width] : [width, 1])), 1 - axis);
    return reshape(products, [1, vocabulary]);
  };
  return Array.from({ length: Math.ceil(size / rows) }, (_, i) => {
    const [start, stop] = [i * rows, Math.min((i + 1) * rows, size)];
    const products = product(slice(hidden, start, stop));
    const logits = bias === undefined ? products : add(products, bias);
    return f(cap === undefined ? logits : mul(tanh(logits), cap), slice(labels, start, stop));
  });
}
