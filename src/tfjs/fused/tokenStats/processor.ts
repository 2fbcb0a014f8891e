import { util } from '@tensorflow/tfjs-core';
import { onProcessor } from '../../kernels/processor.js';
import { stats, type Attributes, type Inputs } from './contract.js';

/** Sums over the vocabulary accumulate in float64. */
export const forward = onProcessor<Inputs, Attributes>({
  logits: 'logits',
  outputShape: (logits) => [stats.count, util.sizeFromShape(logits.slice(0, -1))],
  run({ inputs: { logits, labels }, vocabulary, attributes: { ignoreIndex }, output, memory: { kernels, forRows } }) {
    const { logps, entropy, correct, meanLogit, logSumSquares } = stats.rowsOf(output);
    output.fill(0);
    forRows([logits], undefined, vocabulary, ([first], _, from, to) => {
      for (let row = from, x = first; row < to; row++, x += 4 * vocabulary) {
        const label = labels[row]!;
        if (label === ignoreIndex) continue;
        const largest = kernels.rowMax(x, vocabulary);
        kernels.moments(x, vocabulary, largest);
        const total = kernels.exponentials.value;
        const start = row * vocabulary;
        const logit = logits[start + label]!;
        logps[row] = logit - largest - Math.log(total);
        entropy[row] = Math.log(total) - kernels.weighted.value / total;
        // The label must be the first of the largest logits, so the search begins at the start of the row. With a NaN in the row,
        // no label is correct.
        const isFirst = logit === largest && logits.indexOf(largest, start) === start + label;
        correct[row] = Number(isFirst && !Number.isNaN(total));
        meanLogit[row] = largest + kernels.differences.value / vocabulary;
        logSumSquares[row] = Math.log(kernels.squares.value) - 2 * Math.log(total);
      }
    });
  },
});
