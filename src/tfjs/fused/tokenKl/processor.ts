import { util } from '@tensorflow/tfjs-core';
import type { NoAttributes } from '../../kernels/kernel.js';
import { onProcessor } from '../../kernels/processor.js';
import { klState, type BackwardInputs, type ForwardInputs } from './contract.js';

/** Sums over the vocabulary accumulate in float64. */
export const forward = onProcessor<ForwardInputs, NoAttributes>({
  logits: 'policy',
  outputShape: (policy) => [klState.count, util.sizeFromShape(policy.slice(0, -1))],
  run({ inputs: { policy, reference }, vocabulary, output, memory: { kernels, forRows } }) {
    const { kl, pLargest, pTotal, qLargest, qTotal } = klState.rowsOf(output);
    forRows([policy, reference], undefined, vocabulary, ([firstP, firstQ], _, from, to) => {
      for (let row = from, at = 0; row < to; row++, at += 4 * vocabulary) {
        const [p, q] = [firstP + at, firstQ + at];
        const [pMax, qMax] = [kernels.rowMax(p, vocabulary), kernels.rowMax(q, vocabulary)];
        const [pSum, qSum] = [kernels.sumExp(p, vocabulary, pMax), kernels.sumExp(q, vocabulary, qMax)];
        kl[row] = kernels.sumExpGap(q, p, vocabulary, qMax, pMax) / qSum + Math.log(pSum / qSum);
        pLargest[row] = pMax;
        pTotal[row] = pSum;
        qLargest[row] = qMax;
        qTotal[row] = qSum;
      }
    });
  },
});

export const backward = onProcessor<BackwardInputs, NoAttributes>({
  logits: 'policy',
  outputShape: (policy) => [...policy],
  run({ inputs: { policy, reference, saved, dy }, vocabulary, output, memory: { kernels, forRows } }) {
    const { pLargest, pTotal, qLargest, qTotal } = klState.rowsOf(saved);
    forRows([policy, reference], output, vocabulary, ([firstP, firstQ], target, from, to) => {
      for (let row = from, at = 0; row < to; row++, at += 4 * vocabulary) {
        const [p, q] = [firstP + at, firstQ + at];
        const [pScale, qScale] = [dy[row]! / pTotal[row]!, dy[row]! / qTotal[row]!];
        kernels.scaledExpGap(p, q, target + at, vocabulary, pLargest[row]!, pScale, qLargest[row]!, qScale);
      }
    });
    dy.forEach((value, row) => {
      if (value === 0) output.fill(0, row * vocabulary, (row + 1) * vocabulary);
    });
  },
});
