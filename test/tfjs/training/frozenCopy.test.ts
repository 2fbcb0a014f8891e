import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { frozenCopy, valueAndGrads } from '../../../src/index.js';
import { expectClose } from '../../../src/testing/index.js';
import { expectError, liveTensors, read, isTfjs } from '../../support/engine.js';
import { variable } from '../../support/variables.js';

describe.runIf(isTfjs)('frozenCopy', () => {
  it('keeps the values of variables while the originals change', async () => {
    const policy = [variable([1, 2]), variable(3)];
    const reference = frozenCopy(policy);
    policy[0]!.assign(tf.tensor1d([9, 9]));
    expect(await read(reference[0])).toEqual([1, 2]);
    expect(await read(reference[1])).toBe(3);
    expect(reference.map((v) => v.trainable)).toEqual([false, false]);
  });

  it('is not changed by minimize, which trains every trainable variable', async () => {
    const [w] = [variable([1, 2])];
    const [frozen] = frozenCopy([w!]);
    tf.train.sgd(0.1).minimize(() => tf.sum(tf.mul(w!, frozen!)) as tf.Scalar);
    expect(await read(frozen)).toEqual([1, 2]);
    expectClose((await read(w)) as number[], [0.9, 1.8]);
  });

  const nested = () => {
    const inner = tf.sequential({
      layers: [tf.layers.dense({ units: 4, inputShape: [3], activation: 'relu' }), tf.layers.layerNormalization({})],
    });
    const input = tf.input({ shape: [3] });
    const hidden = inner.apply(input) as tf.SymbolicTensor;
    const output = tf.layers.dense({ units: 2 }).apply(hidden) as tf.SymbolicTensor;
    return tf.model({ inputs: input, outputs: output });
  };

  it.each([
    ['sequential', () => tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] })],
    ['nested functional', nested],
  ] as [string, () => tf.LayersModel][])(
    'of a %s model gives the same outputs, and does not change while the model is trained',
    async (_, make) => {
      const model = make();
      const copy = frozenCopy(model);
      const x = tf.tensor2d([[1, -2, 3]]);
      const before = (await read(copy.predict(x) as tf.Tensor)) as number[][];
      expectClose(before, (await read(model.predict(x) as tf.Tensor)) as number[][]);
      expect(copy.getWeights().every((v) => !(v as tf.Variable).trainable)).toBe(true);
      expect(model.getWeights(true).every((v) => (v as tf.Variable).trainable)).toBe(true);

      const weights = model.getWeights(true) as tf.Variable[];
      const { grads } = valueAndGrads(
        () => ({ loss: tf.sum(tf.square(tf.sub(model.apply(x) as tf.Tensor, copy.apply(x) as tf.Tensor).add(1))) as tf.Scalar }),
        weights,
      );
      tf.train.sgd(0.1).applyGradients(grads);
      expect(Object.keys(grads).length).toBeGreaterThan(1);
      expect((await read(copy.predict(x) as tf.Tensor)) as number[][]).toEqual(before);
      expect((await read(model.predict(x) as tf.Tensor)) as number[][]).not.toEqual(before);
    },
  );

  it('rebuilds the tensors that layers hold besides their weights, and makes no others', async () => {
    class Scaled extends tf.layers.Layer {
      static className = 'Scaled';
      private readonly factor = tf.scalar(3);
      override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
        return tf.mul([inputs].flat()[0]!, this.factor);
      }
    }
    tf.serialization.registerClass(Scaled);
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] }), new Scaled({})] });
    const before = liveTensors();
    const copy = frozenCopy(model);
    expect(liveTensors() - before).toBe(3);
    const x = tf.tensor2d([[1, -2, 3]]);
    expectClose((await read(copy.predict(x) as tf.Tensor)) as number[][], (await read(model.predict(x) as tf.Tensor)) as number[][]);
  });

  it('names a model without weights', () => {
    const unbuilt = tf.sequential({ layers: [tf.layers.activation({ activation: 'relu', inputShape: [2] })] });
    expectError(() => frozenCopy(unbuilt), TypeError, 'frozenCopy: the model has no weights, expected a built model');
  });

  it('leaves no tensor of the layers before one that cannot be rebuilt', () => {
    class Unregistered extends tf.layers.Layer {
      static className = 'Unregistered';
      override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
        return [inputs].flat()[0]!;
      }
    }
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] }), new Unregistered({})] });
    const registered = Object.keys(tf.engine().registeredVariables).length;
    const before = liveTensors();
    expect(() => frozenCopy(model)).toThrow(/^frozenCopy: the model cannot be rebuilt from its configuration: Unknown layer: Unregistered/);
    expect([liveTensors(), Object.keys(tf.engine().registeredVariables).length]).toEqual([before, registered]);
  });
});
