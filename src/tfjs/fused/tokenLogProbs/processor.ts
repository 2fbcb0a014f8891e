import { util } from '@tensorflow/tfjs-core';
import { onProcessor } from '../../kernels/processor.js';
import {
  LOWEST,
  softmaxState,
  type BackwardAttributes,
  type BackwardInputs,
  type ForwardAttributes,
  type ForwardInputs,
} from './contract.js';

/** Sums over the vocabulary accumulate in float64. */
export const forward = onProcessor<ForwardInputs, ForwardAttributes>({
  logits: 'logits',
  outputShape: (logits) => [softmaxState.count, util.sizeFromShape(logits.slice(0, -1))],
  run({ inputs: { logits, labels }, vocabulary, attributes: { ignoreIndex }, output, memory: { kernels, forRows } }) {
    const state = softmaxState.rowsOf(output);
    output.fill(0);
    forRows([logits], undefined, vocabulary, ([first], _, from, to) => {
      for (let row = from, x = first; row < to; row++, x += 4 * vocabulary) {
        const label = labels[row]!;
        if (label === ignoreIndex) continue;
        const largest = Math.max(kernels.rowMax(x, vocabulary), LOWEST);
        const total = kernels.sumExp(x, vocabulary, largest);
        state.logp[row] = logits[row * vocabulary + label]! - largest - Math.log(total);
        state.largest[row] = largest;
        state.total[row] = total;
      }
    });
  },
});

export const backward = onProcessor<BackwardInputs, BackwardAttributes>({
  logits: 'logits',
  outputShape: (logits) => [...logits],
  run({ inputs: { logits, labels, saved, dy }, vocabulary, attributes: { ignoreIndex }, output, memory: { kernels, forRows } }) {
    const state = softmaxState.rowsOf(saved);
    forRows([logits], output, vocabulary, ([first], target, from, to) => {
      for (let row = from, at = 0; row < to; row++, at += 4 * vocabulary) {
        if (labels[row] === ignoreIndex) continue;
        kernels.scaledExp(first + at, target + at, vocabulary, state.largest[row]!, -dy[row]! / state.total[row]!);
      }
    });
    labels.forEach((label, row) => {
      const start = row * vocabulary;
      if (label === ignoreIndex) output.fill(0, start, start + vocabulary);
      else if (label >= 0 && label < vocabulary) output[start + label] = -dy[row]! * Math.expm1(state.logp[row]!);
    });
  },
});
