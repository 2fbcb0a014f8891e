// Only tfjs-core and a backend: this file must not import '@tensorflow/tfjs', which registers the gradients.
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { dpo, valueAndGrads } from '../../src/index.js';
import { checkGradients } from '../../src/testing/index.js';
import { expectClose } from '../../src/testing/index.js';

const message =
  "valueAndGrads: no gradients are registered with TensorFlow.js, expected those of '@tensorflow/tfjs' or '@tensorflow/tfjs-layers': import one of them";

describe('with only tfjs-core', () => {
  beforeAll(async () => {
    await tf.setBackend('cpu');
  });

  it('losses have values', () => {
    const side = () => ({ chosen: tf.tensor1d([-1]), rejected: tf.tensor1d([-2]) });
    expectClose(dpo({ policy: side(), reference: side() }).dataSync(), [Math.LN2]);
  });

  it('differentiation throws an error that names the missing package', async () => {
    const w = tf.variable(tf.scalar(1));
    const before = tf.memory().numTensors;
    expect(() => valueAndGrads(() => ({ loss: tf.square(w) as tf.Scalar }), [w])).toThrow(new TypeError(message));
    expect(tf.memory().numTensors).toBe(before);
    const pair = { chosen: tf.tensor1d([-1]), rejected: tf.tensor1d([-2]) };
    await expect(checkGradients(dpo, { policy: pair, reference: pair })).rejects.toThrow(new TypeError(message));
  });
});
