import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { noGrad, stopGradient, valueAndGrads } from '../../../src/index.js';
import { expectError, read, isTfjs } from '../../support/engine.js';
import { expectTensors } from '../../support/expectTensors.js';
import { variable } from '../../support/variables.js';

describe.runIf(isTfjs)('noGrad', () => {
  it('makes its result a constant, as stopGradient does', async () => {
    const w = variable([1, 2]);
    const f = () => {
      const { a, list } = noGrad(() => ({ a: tf.exp(tf.mul(w, 0)), list: [tf.square(w)] }));
      return { loss: tf.sum(tf.mul(tf.mul(w, a), list[0]!)) as tf.Scalar };
    };
    const { loss, grads } = valueAndGrads(f, [w]);
    expect(await read(loss)).toBe(9);
    expect(await read(grads[w.name])).toEqual([1, 4]);
    const stopped = valueAndGrads(() => ({ loss: tf.sum(tf.mul(w, stopGradient<tf.Tensor>(w))) as tf.Scalar }), [w]);
    expect(await read(stopped.grads[w.name])).toEqual([1, 2]);
  });

  it('keeps what f returns and disposes the rest, inside and outside a gradient', () => {
    const w = variable([1, 2]);
    expectTensors(() => noGrad(() => ({ a: tf.exp(tf.neg(w)), b: tf.neg(w) })), 2);
    expectTensors(() => noGrad(() => tf.exp(tf.neg(w))), 1);
    expectTensors(
      () =>
        valueAndGrads(
          () => ({
            loss: tf.sum(
              tf.mul(
                w,
                noGrad(() => tf.exp(tf.neg(w))),
              ),
            ) as tf.Scalar,
          }),
          [w],
        ),
      2,
    );
  });

  it('returns a clone of an existing tensor', () => {
    const x = tf.tensor1d([1, 2]);
    const y = noGrad(() => x);
    y.dispose();
    expect(x.isDisposed).toBe(false);
  });

  it('rejects an object that could hide a tensor, and a disposed tensor', () => {
    const message = (type: string) => `noGrad: f returned a value of type ${type}, expected tensors, or records or lists of tensors`;
    expectError(() => noGrad(() => Promise.resolve(1)), TypeError, message('Promise'));
    expectError(() => noGrad(() => new Set([tf.scalar(1)])), TypeError, message('Set'));
    const disposed = tf.scalar(1);
    disposed.dispose();
    expectError(() => noGrad(() => disposed), TypeError, 'noGrad: f returned a disposed tensor');
    const cyclic: unknown[] = [];
    cyclic.push(cyclic);
    expectError(() => noGrad(() => cyclic), TypeError, `noGrad: the result of f${'[0]'.repeat(64)} is nested deeper than 64 levels`);
    expect(noGrad(() => ({ a: 1, b: 'two', c: null, d: undefined, e: true }))).toEqual({ a: 1, b: 'two', c: null, d: undefined, e: true });
  });

  it('passes an error of f on', () => {
    expectTensors(() => {
      expect(() =>
        noGrad(() => {
          tf.scalar(1);
          throw new Error('halfway');
        }),
      ).toThrow('halfway');
    }, 0);
  });
});
