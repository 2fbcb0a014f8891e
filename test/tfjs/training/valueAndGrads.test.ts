import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { valueAndGrads } from '../../../src/index.js';
import { expectClose } from '../../../src/testing/index.js';
import { expectError, read, isTfjs } from '../../support/engine.js';
import { expectTensors } from '../../support/expectTensors.js';
import { variable } from '../../support/variables.js';

// The training helpers need TensorFlow.js: the arrays engine has no gradients.
describe.runIf(isTfjs)('valueAndGrads', () => {
  it('returns the loss, its gradients by name, and the auxiliary outputs', async () => {
    const [w, b] = [variable([1, 2]), variable([3, 4])];
    const { loss, grads, aux, list } = valueAndGrads(() => {
      const y = tf.mul(w, b);
      return { loss: tf.sum(y) as tf.Scalar, aux: { y }, list: [tf.sum(w), 7] };
    }, [w, b]);
    expect(await read(loss)).toBe(11);
    expect(await read(grads[w.name])).toEqual([3, 4]);
    expect(await read(grads[b.name])).toEqual([1, 2]);
    expect(await read(aux.y)).toEqual([3, 8]);
    expect(await read(list[0])).toBe(3);
    expect(list[1]).toBe(7);
  });

  it('differentiates only with respect to the given variables', async () => {
    const [w, other] = [variable(2), variable(5)];
    const { grads } = valueAndGrads(() => ({ loss: tf.mul(w, other) as tf.Scalar }), [w]);
    expect(Object.keys(grads)).toEqual([w.name]);
    expect(await read(grads[w.name])).toBe(5);
  });

  it('leaves out a variable that the loss does not depend on', () => {
    const [w, other] = [variable(2), variable(5)];
    const { grads } = valueAndGrads(() => ({ loss: tf.square(w) as tf.Scalar }), [w, other]);
    expect(Object.keys(grads)).toEqual([w.name]);
  });

  it('leaves out a variable that is not trainable', () => {
    const [w, fixed] = [variable(2), tf.variable(tf.scalar(3), false)];
    const { grads } = valueAndGrads(() => ({ loss: tf.mul(w, fixed) as tf.Scalar }), [w, fixed]);
    expect(Object.keys(grads)).toEqual([w.name]);
  });

  it('leaves no more tensors than it returns, also if f returns existing tensors', () => {
    const [w, x] = [variable([1, 2]), tf.tensor1d([3, 4])];
    expectTensors(() => valueAndGrads(() => ({ loss: tf.sum(tf.mul(tf.exp(w), x)) as tf.Scalar }), [w]), 2);
    expectTensors(() => valueAndGrads(() => ({ loss: tf.sum(tf.mul(tf.exp(w), x)) as tf.Scalar, x, w }), [w]), 4);
    expect(x.isDisposed || w.isDisposed).toBe(false);
  });

  it('leaves no tensor when f throws halfway, and the next call works', async () => {
    const w = variable([1, 2]);
    expectTensors(() => {
      const broken = () => {
        const y = tf.sum(tf.exp(tf.mul(w, w)));
        if (w.size > 0) throw new Error('halfway');
        return { loss: y as tf.Scalar };
      };
      expect(() => valueAndGrads(broken, [w])).toThrow('halfway');
    }, 0);
    const { grads } = valueAndGrads(() => ({ loss: tf.sum(w) as tf.Scalar }), [w]);
    expect(await read(grads[w.name])).toEqual([1, 1]);
  });

  it('returns gradients that an optimizer of tfjs takes', async () => {
    const w = variable([1, 2]);
    const optimizer = tf.train.sgd(0.1);
    const { grads } = valueAndGrads(() => ({ loss: tf.sum(tf.square(w)) as tf.Scalar }), [w]);
    optimizer.applyGradients(grads);
    expectClose((await read(w)) as number[], [0.8, 1.6]);
  });

  it('names bad input', () => {
    const w = variable([1, 2]);
    const loss = (): { loss: tf.Scalar } => ({ loss: tf.sum(w) });
    const fixed = tf.variable(tf.scalar(1), false);
    const x = tf.scalar(1);
    expectError(
      () => valueAndGrads(loss, []),
      RangeError,
      'valueAndGrads: variables has no trainable variable among 0, expected at least one',
    );
    expectError(
      () => valueAndGrads(loss, [fixed]),
      RangeError,
      'valueAndGrads: variables has no trainable variable among 1, expected at least one',
    );
    expectError(
      () => valueAndGrads(() => ({ loss: tf.square(w) as tf.Tensor as tf.Scalar }), [w]),
      TypeError,
      'valueAndGrads: loss has shape [2], expected a scalar: reduce it, e.g. with ops.mean',
    );
    expectError(
      () => valueAndGrads((() => ({ lost: 1 })) as never, [w]),
      TypeError,
      'valueAndGrads: loss is undefined, expected a scalar tensor',
    );
    expectError(
      () => valueAndGrads((() => tf.sum(w)) as never, [w]),
      TypeError,
      'valueAndGrads: f returned a tensor of shape [], expected { loss, ... }',
    );
    expectError(
      () => valueAndGrads((async () => ({ loss: await Promise.reject(new Error('late')) })) as never, [w]),
      TypeError,
      'valueAndGrads: f returned a promise, expected { loss, ... }',
    );
    // As a library of its own promises, or another realm, has them.
    const thenable = { then: (_: unknown, reject: (reason: Error) => void) => { reject(new Error('late')); } }; // prettier-ignore
    expectError(
      () => valueAndGrads((() => thenable) as never, [w]),
      TypeError,
      'valueAndGrads: f returned a promise, expected { loss, ... }',
    );
    const disposed = (y: tf.Tensor): tf.Scalar => {
      y.dispose();
      return y as tf.Scalar;
    };
    expectError(() => valueAndGrads(() => ({ loss: disposed(tf.sum(w)) }), [w]), TypeError, 'valueAndGrads: loss is disposed');
    expectError(
      () => valueAndGrads(() => ({ ...loss(), aux: { y: disposed(tf.exp(x)) } }), [w]),
      TypeError,
      'valueAndGrads: f returned a disposed tensor as .aux.y',
    );
    expectError(() => valueAndGrads((() => 3) as never, [w]), TypeError, 'valueAndGrads: f returned a number, expected { loss, ... }');
    expectError(
      () => valueAndGrads((() => undefined) as never, [w]),
      TypeError,
      'valueAndGrads: f returned undefined, expected { loss, ... }',
    );
    expectError(
      () => valueAndGrads(() => ({ ...loss(), grads: 1 }), [w]),
      RangeError,
      'valueAndGrads: f returned a field grads, which is the name of the gradients',
    );
    expectError(
      () => valueAndGrads(() => ({ ...loss(), first: tf.exp(x), second: new Map([['x', tf.exp(x)]]) }), [w]),
      TypeError,
      'valueAndGrads: f returned a value of type Map, expected tensors, or records or lists of tensors',
    );
    expectError(
      () => valueAndGrads(() => ({ loss: tf.square(x) }), [w]),
      RangeError,
      'valueAndGrads: loss depends on none of the variables',
    );
    expectError(
      () => valueAndGrads(() => ({ loss: tf.square(x), aux: tf.exp(x) }), [w]),
      RangeError,
      'valueAndGrads: loss depends on none of the variables',
    );
  });
});
