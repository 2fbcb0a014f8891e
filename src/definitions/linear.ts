import { add, concat, mul, reshape, shape, slice, stopGradient, sum, tanh } from '../backend/ops.js';
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

/** Applies `f` to the logits `[1, V]` and the label `[1]` of each row: one row at a time, to save memory. */
function byRows<T, R>({ hidden, weight, layout, bias, labels, cap }: LinearRows<T>, f: (logits: T, label: T) => R): R[] {
  const axis = vocabularyAxis(layout);
  const [[size, width], vocabulary] = [shape(hidden) as [number, number], shape(weight)[axis]!];
  return Array.from({ length: size }, (_, row) => {
    const state = reshape<T>(slice(hidden, row, row + 1), axis === 0 ? [1, width] : [width, 1]);
    const products = sum(mul(weight, state), 1 - axis) as T;
    const logits = reshape<T>(bias === undefined ? products : add(products, bias), [1, vocabulary]);
    return f(cap === undefined ? logits : mul(tanh(logits), cap), slice(labels, row, row + 1));
  });
}
