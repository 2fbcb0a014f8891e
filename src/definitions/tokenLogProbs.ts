import { arange, equal, exp, log, max, mul, reshape, shape, stopGradient, sub, sum, where } from '../backend/ops.js';
import { countedRows, isCounted, oneInRange } from '../internal/labels.js';

/**
 * `tokenLogProbs` in plain operations: the fallback where an engine has no kernel, and the reference for tests of its kernels.
 * `logits [N, V]`, `labels [N]`, result `[N]`.
 */
export function tokenLogProbsDefinition<T>(logits: T, labels: T, ignoreIndex: number): T {
  const [size, vocabulary] = shape(logits) as [number, number];
  const counts = isCounted(labels, ignoreIndex);
  const rows = countedRows(logits, counts);
  // The largest logit is subtracted first: `logit - (largest + log(total))` would lose digits for logits near 1e4.
  const largest = reshape<T>(stopGradient(max(rows, -1)), [size, 1]);
  const shifted = sub(rows, largest);
  const atLabel = equal(reshape<T>(labels, [size, 1]), reshape<T>(arange<T>(logits, vocabulary), [1, vocabulary]));
  const logps = sub(sum(where(atLabel, shifted, 0), -1) as T, log(sum(exp(shifted), -1)) as T);
  return where(counts, mul(logps, oneInRange(labels, counts, vocabulary)), 0);
}
