import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { tokenLogProbs, valueAndGrads } from '../../../src/index.js';
import { engine } from '../../support/engine.js';

/** The number of tensors that TensorFlow itself holds, which `tf.memory()` does not count. */
const handles = () => (tf.backend() as unknown as { getNumOfTFTensors(): number }).getNumOfTFTensors();

// Only tfjs-node has a native library that keeps its own count.
describe.runIf(engine === 'tfjs-node')('native tensors', () => {
  it('are freed together with those of TensorFlow.js, forward and backward', () => {
    // An ordinary row, a row whose probability underflows, and an ignored row with a NaN.
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
