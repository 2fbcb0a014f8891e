import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import {
  addStatistics,
  bco,
  dpo,
  GradientAccumulator,
  klStatistics,
  kto,
  rewardShift,
  rewardStatistics,
  valueAndGrads,
} from '../../../src/index.js';
import { expectClose, type Values } from '../../../src/testing/index.js';
import { noRecords } from '../../support/checkpoints.js';
import { epsilon, expectError, liveTensors, read, isTfjs } from '../../support/engine.js';

type T = tf.Tensor1D;

// The training helpers need TensorFlow.js: the arrays engine has no gradients.
describe.runIf(isTfjs)('GradientAccumulator', () => {
  // A model with one weight: the log-prob of an example is w x. The batch is split into parts of different sizes.
  const x = [0.3, -1.2, 2, 0.7, -0.4];
  const reference = [-0.1, 0.4, -0.2, 0.1, 0];
  const desirable = [1, 0, 1, 1, 0];
  const parts = [[0, 2], [2, 3], [3, 5]] as const; // prettier-ignore

  const losses: Record<string, (policy: T, at: readonly [number, number], whole: tf.Tensor) => tf.Tensor> = {
    dpo: (policy, [from, to]) => dpo<T>({ policy: { chosen: policy, rejected: tf.neg(policy) }, reference: { chosen: tf.tensor1d(reference.slice(from, to)), rejected: tf.zerosLike(policy) } }), // prettier-ignore
    kto: (policy, [from, to], kl) => kto<T>({ policy, reference: tf.tensor1d(reference.slice(from, to)), desirable: tf.tensor1d(desirable.slice(from, to)), kl: kl as tf.Scalar }), // prettier-ignore
    bco: (policy, [from, to], shift) => bco<T>({ policy, reference: tf.tensor1d(reference.slice(from, to)), desirable: tf.tensor1d(desirable.slice(from, to)) }, { delta: shift as tf.Scalar }), // prettier-ignore
  };

  it.each(Object.keys(losses))('gives the gradient of the whole batch for %s', async (name) => {
    const weight = tf.variable(tf.tensor1d([1.5]));
    const policyOf = ([from, to]: readonly [number, number]): T => tf.mul(weight, tf.tensor1d(x.slice(from, to)));
    // The log-probs of a part.
    const inputs = ([from, to]: readonly [number, number]) => ({
      policy: policyOf([from, to]),
      reference: tf.tensor1d(reference.slice(from, to)),
    });
    // The statistic of the whole batch that the loss takes, added up from the parts.
    const whole = tf.tidy(() => {
      if (name === 'dpo') return tf.scalar(0);
      if (name === 'kto') {
        const { sum, count } = parts.map((part) => klStatistics(inputs(part))).reduce((a, b) => addStatistics(a, b));
        return tf.maximum(0, tf.div(sum, tf.maximum(1, count)));
      }
      const of = (part: readonly [number, number]) =>
        rewardStatistics({ ...inputs(part), desirable: tf.tensor1d(desirable.slice(...part)) });
      return rewardShift(parts.map(of).reduce((a, b) => addStatistics(a, b))) as tf.Tensor;
    });
    const gradient = (part: readonly [number, number]) =>
      valueAndGrads(() => ({ loss: tf.div(tf.sum(losses[name]!(policyOf(part), part, whole)), x.length) as tf.Scalar }), [weight]);

    const big = gradient([0, x.length]);
    const before = liveTensors();
    const accumulator = new GradientAccumulator();
    for (const part of parts) {
      const { loss, grads } = gradient(part);
      accumulator.add(grads);
      tf.dispose([loss, grads]);
    }
    const sum = accumulator.take();
    expect(liveTensors() - before).toBe(1);
    const expected = (await read(big.grads[weight.name])) as Values;
    expectClose((await read(sum[weight.name])) as Values, expected, { relative: 4 * epsilon, absolute: 4 * epsilon });
    accumulator.dispose();
  });

  it('names a gradient that has another shape than before, or is not a tensor', () => {
    const accumulator = new GradientAccumulator();
    accumulator.add({ w: tf.tensor1d([1, 2]) });
    const wrong = { w: tf.tensor1d([10]) };
    expectError(() => { accumulator.add(wrong); }, RangeError, 'GradientAccumulator: the gradient of w has shape [1], expected [2] as before'); // prettier-ignore
    const none = { w: null } as never;
    expectError(() => { accumulator.add(none); }, TypeError, 'GradientAccumulator: grads.w is null, expected a tensor'); // prettier-ignore
    tf.dispose(wrong);
    expectError(() => { accumulator.add(wrong); }, TypeError, 'GradientAccumulator: grads.w is disposed'); // prettier-ignore
    accumulator.dispose();
  });

  it('takes a variable with a gradient in only some parts, copies its arguments, and starts again after take', async () => {
    const [a, b] = [tf.tensor1d([1]), tf.tensor1d([2])];
    const accumulator = new GradientAccumulator();
    accumulator.add({ a });
    accumulator.add({ a, b });
    expect([a.isDisposed, b.isDisposed]).toEqual([false, false]);
    tf.dispose([a, b]);
    const total = accumulator.take();
    expect([await read(total.a), await read(total.b)]).toEqual([[2], [2]]);
    expect(accumulator.take()).toEqual({});
    const before = liveTensors();
    tf.tidy(() => {
      accumulator.add({ a: tf.tensor1d([3]) });
    });
    expect(liveTensors() - before).toBe(1);
    accumulator.dispose();
    expect(liveTensors()).toBe(before);
  });

  it('adds none of the gradients if one of them is wrong', async () => {
    const [a, b, gone] = [tf.tensor1d([1, 2]), tf.tensor1d([3]), tf.tensor1d([4])];
    gone.dispose();
    const cases: [string, unknown, typeof TypeError, string][] = [
      ['another shape', tf.tensor1d([1, 2]), RangeError, 'the gradient of b has shape [2], expected [1] as before'],
      ['another dtype', tf.tensor1d([1], 'int32'), TypeError, 'grads.b has dtype int32, expected float32'],
      ['a disposed one', gone, TypeError, 'grads.b is disposed'],
      ['none', undefined, TypeError, 'grads.b is undefined, expected a tensor'],
    ];
    for (const [, wrong, kind, message] of cases) {
      const accumulator = new GradientAccumulator();
      const first = { a, c: a, b: wrong } as never;
      accumulator.add({ a, b });
      expectError(() => { accumulator.add(first); }, kind, `GradientAccumulator: ${message}`); // prettier-ignore
      // Catching the error and trying again adds each gradient once.
      accumulator.add({ a, b });
      const total = accumulator.take();
      expect([Object.keys(total), await read(total.a), await read(total.b)]).toEqual([['a', 'b'], [2, 4], [6]]);
      tf.dispose(total);
    }
    const accumulator = new GradientAccumulator();
    for (const [wrong, words] of noRecords) {
      expectError(() => { accumulator.add(wrong as never); }, TypeError, `GradientAccumulator: grads is ${words}, expected gradients by variable name`); // prettier-ignore
    }
    expectError(() => { accumulator.add([a] as never); }, TypeError, 'GradientAccumulator: grads is a list, expected gradients by variable name'); // prettier-ignore
    accumulator.add({ constructor: a } as never);
    expect(await read(accumulator.take().constructor)).toEqual([1, 2]);
  });
});
