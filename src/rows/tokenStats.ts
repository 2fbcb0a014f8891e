import type { TokenStats } from '../backend/types.js';
import type { Kernel } from '../backend/arrays/onValues.js';
import { tensorFrom, type DataTensor } from '../backend/arrays/tensor.js';
import type { Floats } from './rowMemory.js';
import { labelledRows, type LabelledRows } from './tokenLogProbs.js';

/** Computes the statistics of each row that is not ignored; the others are left as they are. Sums accumulate in float64. */
export function forward(
  { logits, labels, vocabulary, ignoreIndex, memory: { kernels, bytes, forRows } }: LabelledRows,
  { logps, entropy, correct, meanLogit, logSumSquares }: TokenStats<Floats>,
): void {
  forRows([logits], undefined, vocabulary, ([first], _, from, to) => {
    for (let row = from, x = first; row < to; row++, x += bytes * vocabulary) {
      const label = labels[row]!;
      if (label === ignoreIndex) continue;
      const largest = kernels.rowMax(x, vocabulary);
      kernels.moments(x, vocabulary, largest);
      const total = kernels.exponentials.value;
      const start = row * vocabulary;
      const logit = logits[start + label]!;
      logps[row] = logit - largest - Math.log(total);
      entropy[row] = Math.log(total) - kernels.weighted.value / total;
      // The label must be the first of the largest logits, so the search begins at the start of the row. With a NaN in the row, no
      // label is correct.
      const isFirst = logit === largest && logits.indexOf(largest, start) === start + label;
      correct[row] = Number(isFirst && !Number.isNaN(total));
      meanLogit[row] = largest + kernels.differences.value / vocabulary;
      logSumSquares[row] = Math.log(kernels.squares.value) - 2 * Math.log(total);
    }
  });
}

/** `tokenStats` for logits and labels in memory: the five statistics in the order of {@link TokenStats}. */
export const tokenStatsInMemory =
  (ignoreIndex: number): Kernel =>
  (inputs) => {
    const [logits, labels] = inputs as [DataTensor, DataTensor];
    const rows = labelledRows(logits, labels, ignoreIndex);
    const zeros = () => new Float64Array(rows.labels.length);
    const stats = { logps: zeros(), entropy: zeros(), correct: zeros(), meanLogit: zeros(), logSumSquares: zeros() };
    forward(rows, stats);
    return { values: Object.values(stats).map((values) => tensorFrom(values, labels.dims)) };
  };
