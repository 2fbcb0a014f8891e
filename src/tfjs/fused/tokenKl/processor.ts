import { util } from '@tensorflow/tfjs-core';
import * as rows from '../../../rows/tokenKl.js';
import type { NoAttributes } from '../../kernels/kernel.js';
import { onProcessor } from '../../kernels/processor.js';
import { klState, type BackwardInputs, type ForwardInputs } from './contract.js';

export const forward = onProcessor<ForwardInputs, NoAttributes>({
  logits: 'policy',
  outputShape: (policy) => [klState.count, util.sizeFromShape(policy.slice(0, -1))],
  run({ inputs, vocabulary, output, memory }) {
    rows.forward({ ...inputs, vocabulary, memory }, klState.rowsOf(output));
  },
});

export const backward = onProcessor<BackwardInputs, NoAttributes>({
  logits: 'policy',
  outputShape: (policy) => [...policy],
  run({ inputs: { policy, reference, saved, dy }, vocabulary, output, memory }) {
    rows.backward({ policy, reference, vocabulary, memory }, klState.rowsOf(saved), dy, output);
  },
});
