import { util } from '@tensorflow/tfjs-core';
import * as rows from '../../../rows/tokenStats.js';
import { onProcessor } from '../../kernels/processor.js';
import { stats, type Attributes, type Inputs } from './contract.js';

export const forward = onProcessor<Inputs, Attributes>({
  logits: 'logits',
  outputShape: (logits) => [stats.count, util.sizeFromShape(logits.slice(0, -1))],
  run({ inputs, vocabulary, attributes: { ignoreIndex }, output, memory }) {
    output.fill(0);
    rows.forward({ ...inputs, vocabulary, ignoreIndex, memory }, stats.rowsOf(output));
  },
});
