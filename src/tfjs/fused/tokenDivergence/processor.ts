import { util } from '@tensorflow/tfjs-core';
import { DIVERGENCES } from '../../../internal/divergences.js';
import * as rows from '../../../rows/tokenDivergence.js';
import { onProcessor } from '../../kernels/processor.js';
import { divergenceState, type Attributes, type BackwardInputs, type ForwardInputs, type MixtureInputs } from './contract.js';

const stateShape = (policy: number[]): number[] => [divergenceState.count, util.sizeFromShape(policy.slice(0, -1))];

export const forward = onProcessor<ForwardInputs, Attributes>({
  logits: 'policy',
  outputShape: stateShape,
  run({ inputs, vocabulary, attributes, output, memory }) {
    rows.forward({ ...inputs, vocabulary, memory }, DIVERGENCES[attributes.divergence]!, divergenceState.rowsOf(output));
  },
});

export const mixture = onProcessor<MixtureInputs, Attributes>({
  logits: 'policy',
  outputShape: stateShape,
  run({ inputs: { policy, reference, saved }, vocabulary, attributes, output, memory }) {
    output.set(saved);
    const state = divergenceState.rowsOf(output);
    rows.mixture({ policy, reference, vocabulary, memory }, attributes.weight, state, state);
  },
});

export const backward = onProcessor<BackwardInputs, Attributes>({
  logits: 'policy',
  outputShape: (policy) => [...policy],
  run({ inputs: { policy, reference, saved, dy }, vocabulary, attributes: { divergence, weight }, output, memory }) {
    rows.backward({ policy, reference, vocabulary, memory }, DIVERGENCES[divergence]!, weight, divergenceState.rowsOf(saved), dy, output);
  },
});
