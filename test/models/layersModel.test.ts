import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { frozenCopy } from '../../src/index.js';
import { ofLayers } from '../../tools/models/languageModel.js';
import { newLayersModel } from '../../tools/models/layersModel.js';
import { expectAligned, expectSameAsOnCpu, SIZES, TIMEOUT_MS } from '../support/alignment.js';
import { engine, liveTensors, isTfjs } from '../support/engine.js';

// The arrays engine has no models and no gradients.
describe.runIf(isTfjs)('a tf.LayersModel with a nested model', () => {
  it('is aligned', { timeout: TIMEOUT_MS }, async () => {
    const before = liveTensors();
    const policy = newLayersModel(SIZES);
    const reference = frozenCopy(policy);
    expect(policy.layers.filter((layer) => layer instanceof tf.LayersModel)).toHaveLength(1);
    await expectAligned(ofLayers(policy), ofLayers(reference));
    policy.dispose();
    reference.dispose();
    expect(liveTensors()).toBe(before);
  });

  it.skipIf(engine === 'cpu')('has the gradients of the cpu backend', { timeout: TIMEOUT_MS }, async () => {
    await expectSameAsOnCpu(() => ofLayers(newLayersModel(SIZES)));
  });
});
