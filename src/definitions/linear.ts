import { add, concat, mul, reshape, shape, slice, stopGradient, sum, tanh } from '../backend/ops.js';
import type { LinearRows, TokenStats } from '../backend/types.js';
import { NO_LABEL } from '../internal/labels.js';
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
function byRows<T, R>({ hidden, weight, bias, labels, cap }: LinearRows<T>, f: (logits: T, label: T) => R): R[] {
  const [size, vocabulary] = [shape(hidden)[0]!, shape(weight)[0]!];
  return Array.from({ length: size }, (_, row) => {
    const products = sum(mul(weight, slice(hidden, row, row + 1)), -1) as T;
    const logits = reshape<T>(bias === undefined ? products : add(products, bias), [1, vocabulary]);
    return f(cap === undefined ? logits : mul(tanh(logits), cap), slice(labels, row, row + 1));
  });
}
