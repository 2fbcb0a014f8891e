import { util } from '@tensorflow/tfjs-core';
import * as rows from '../../../rows/tokenLogProbs.js';
import { onProcessor } from '../../kernels/processor.js';
import { softmaxState, type BackwardAttributes, type BackwardInputs, type ForwardAttributes, type ForwardInputs } from './contract.js';

export const forward = onProcessor<ForwardInputs, ForwardAttributes>({
  logits: 'logits',
  outputShape: (logits) => [softmaxState.count, util.sizeFromShape(logits.slice(0, -1))],
  run({ inputs, vocabulary, attributes: { ignoreIndex }, output, memory }) {
    output.fill(0);
    rows.forward({ ...inputs, vocabulary, ignoreIndex, memory }, softmaxState.rowsOf(output));
  },
});

export const backward = onProcessor<BackwardInputs, BackwardAttributes>({
  logits: 'logits',
  outputShape: (logits) => [...logits],
  run({ inputs: { logits, labels, saved, dy }, vocabulary, attributes: { ignoreIndex }, output, memory }) {
    rows.backward({ logits, labels, vocabulary, ignoreIndex, memory }, softmaxState.rowsOf(saved), dy, output);
  },
});
