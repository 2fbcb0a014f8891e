import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { valueAndGrads, type Nested } from '../../src/index.js';
import { expectClose, type Values } from '../../src/testing/index.js';
import { hashed } from '../../tools/hashed.js';
import { differentiable, undifferentiable, type Operation } from '../../tools/docs/operations.js';
import { engine, epsilon, flatten, liveTensors, read, weight, isTfjs } from '../support/engine.js';
import { onCpu } from '../support/onCpu.js';

const sizeOf = (shape: readonly number[]) => tf.util.sizeFromShape([...shape]);

/** Value and gradients of the sum of the operation's outputs, each with its own weight. */
async function derivatives({ run, shapes }: Operation): Promise<Nested[]> {
  const inputs = shapes.map((shape, i) => tf.variable(tf.tensor(hashed(sizeOf(shape), i, 2), [...shape])));
  const before = liveTensors();
  try {
    const lossOf = () => {
      const y = run(...inputs);
      return tf.sum(tf.mul(y, tf.tensor(Array.from({ length: y.size }, (_, i) => weight(i)), y.shape))) as tf.Scalar; // prettier-ignore
    };
    const { loss, grads } = valueAndGrads(() => ({ loss: lossOf() }), inputs);
    const values = await Promise.all([loss, ...inputs.map(({ name }) => grads[name]!)].map(read));
    tf.dispose([loss, grads]);
    return values;
  } finally {
    const left = liveTensors() - before;
    tf.dispose(inputs);
    expect(left).toBe(0);
  }
}

async function expectSameAsOnCpu(operation: Operation): Promise<void> {
  const [actual, expected] = [await derivatives(operation), await onCpu(() => derivatives(operation))];
  const largest = Math.max(...flatten(expected as Values).map(Math.abs));
  expectClose(actual as Values, expected as Values, { relative: 0, absolute: 20 * epsilon * largest });
}

// The arrays engine has no models and no gradients.
describe.runIf(isTfjs)('operations of models', () => {
  describe.skipIf(engine === 'cpu')('have the gradient of the cpu backend', () => {
    it.each(Object.entries(differentiable))('%s', async (_, operation) => {
      await expectSameAsOnCpu(operation);
    });
  });

  describe('without a gradient on some backends', () => {
    it.each(Object.entries(undifferentiable))('%s', async (_, { backends, isWrong, ...operation }) => {
      if (backends && !backends.includes(tf.getBackend())) await expectSameAsOnCpu(operation);
      else if (isWrong) await expect(expectSameAsOnCpu(operation)).rejects.toThrow('values are off');
      else await expect(derivatives(operation)).rejects.toThrow();
    });
  });
});
