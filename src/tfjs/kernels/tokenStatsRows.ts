import { util, type KernelConfig } from '@tensorflow/tfjs-core';
import { onRows } from './onRows.js';
import { STATS } from './tokenStatsNames.js';

/** `tokenStats` for the backends that compute on the processor; sums in float64. */
export const tokenStatsRows: readonly KernelConfig[] = onRows(
  STATS,
  ['logits', 'labels'],
  (shape) => [5, util.sizeFromShape(shape.slice(0, -1))],
  ({ inputs: { logits, labels }, vocabulary, attrs: { ignoreIndex }, output, memory: { kernels, forRows } }) => {
    const rows = labels!.length;
    output.fill(0);
    forRows([logits!], undefined, vocabulary, ([first], _, from, to) => {
      for (let row = from, x = first!; row < to; row++, x += 4 * vocabulary) {
        if (labels![row] === ignoreIndex) continue;
        const largest = kernels.rowMax(x, vocabulary);
        kernels.moments(x, vocabulary, largest);
        const [start, total] = [row * vocabulary, kernels.exponentials.value];
        const label = start + labels![row]!;
        const stats = [
          logits![label]! - largest - Math.log(total),
          Math.log(total) - kernels.weighted.value / total,
          // Looked for from the beginning of the row: the first of the largest counts. A NaN is none, and leaves no largest.
          Number(logits![label] === largest && logits!.indexOf(largest, start) === label && !Number.isNaN(total)),
          largest + kernels.differences.value / vocabulary,
          Math.log(kernels.squares.value) - 2 * Math.log(total),
        ];
        stats.forEach((value, i) => {
          output[i * rows + row] = value;
        });
      }
    });
  },
);
