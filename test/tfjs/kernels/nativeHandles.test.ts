import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { tokenLogProbs, valueAndGrads } from '../../../src/index.js';
import { engine } from '../../support/engine.js';

/** The number of tensors that TensorFlow itself holds, which `tf.memory()` does not see. */
const handles = () => (tf.backend() as unknown as { getNumOfTFTensors(): number }).getNumOfTFTensors();

// Only there is a library below that counts for itself.
describe.runIf(engine === 'tfjs-node')('native tensors', () => {
  it('are freed with those of TensorFlow.js, forward and backward', () => {
    // Rows as they come, one of which the probability underflows, and one that is ignored and broken.
    const logits = tf.variable(
      tf.tensor2d([
        [1, 2, 3],
        [-500, 0, 500],
        [NaN, 0, 1],
      ]),
    );
    const labels = tf.tensor1d([2, 0, -100], 'int32');
    const step = () => {
      const { loss, grads } = valueAndGrads(
        () => ({ loss: tf.sum(tokenLogProbs<tf.Tensor, tf.Tensor>(logits, labels)) as tf.Scalar }),
        [logits],
      );
      const values = [...loss.dataSync(), ...grads[logits.name]!.dataSync()];
      tf.dispose([loss, grads]);
      return values;
    };
    expect(step().every(Number.isFinite)).toBe(true);
    const before = [handles(), tf.memory().numTensors];
    for (let i = 0; i < 5; i++) step();
    expect([handles(), tf.memory().numTensors]).toEqual(before);
    logits.dispose();
  });
});
