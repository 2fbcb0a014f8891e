import * as tf from '@tensorflow/tfjs';
import { describe, it } from 'vitest';
import { frozenCopy } from '../../src/index.js';
import { newVariables, ofVariables } from '../../tools/models/variables.js';
import { expectAligned, expectSameAsOnCpu, SIZES, TIMEOUT_MS } from '../support/alignment.js';
import { engine, isTfjs } from '../support/engine.js';

// The arrays engine has no models and no gradients.
describe.runIf(isTfjs)('plain variables', () => {
  it('are aligned', { timeout: TIMEOUT_MS }, async () => {
    const policy = newVariables(SIZES);
    const reference = frozenCopy(policy);
    await expectAligned(ofVariables(policy), ofVariables(reference));
    tf.dispose([policy, reference]);
  });

  it.skipIf(engine === 'cpu')('have the gradients of the cpu backend', { timeout: TIMEOUT_MS }, async () => {
    await expectSameAsOnCpu(() => ofVariables(newVariables(SIZES)));
  });
});
