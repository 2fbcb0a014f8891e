import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { dpo, frozenCopy, noGrad, ops, stopGradient, valueAndGrads } from '../../src/index.js';
import { expectClose } from '../../src/testing/index.js';
import { expectError, isArrays, liveTensors, read } from '../support/engine.js';

const variable = (values: tf.TensorLike) => tf.variable(tf.tensor(values));

/** Asserts the number of tensors that `f` leaves alive. */
function expectTensors(f: () => unknown, count: number): void {
  const before = liveTensors();
  f();
  expect(liveTensors() - before).toBe(count);
}

// The training helpers are for TensorFlow.js: the arrays engine has no gradients.
describe.skipIf(isArrays)('valueAndGrads', () => {
  it('gives the loss, its gradients by name, and whatever else was returned', async () => {
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

  it('differentiates by nothing but the given variables', async () => {
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

  it('leaves no more tensors than it returns, also where f returns what it was given', () => {
    const [w, x] = [variable([1, 2]), tf.tensor1d([3, 4])];
    expectTensors(() => valueAndGrads(() => ({ loss: tf.sum(tf.mul(tf.exp(w), x)) as tf.Scalar }), [w]), 2);
    expectTensors(() => valueAndGrads(() => ({ loss: tf.sum(tf.mul(tf.exp(w), x)) as tf.Scalar, x, w }), [w]), 4);
    expect(x.isDisposed || w.isDisposed).toBe(false);
  });

  it('leaves nothing when f throws in the middle, and the next call works', async () => {
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

  it('trains with an optimizer of tfjs', async () => {
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
    expectError(() => valueAndGrads(loss, []), RangeError, 'valueAndGrads: variables holds 0 variables, none of them trainable');
    expectError(() => valueAndGrads(loss, [fixed]), RangeError, 'valueAndGrads: variables holds 1 variables, none of them trainable');
    expectError(
      () => valueAndGrads(loss, w as never),
      TypeError,
      'valueAndGrads: variables is a value of type Variable, expected a list of tf.Variable',
    );
    expectError(() => valueAndGrads(loss, [w, 3 as never]), TypeError, 'valueAndGrads: variables[1] is a number, expected a tf.Variable');
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
      () => valueAndGrads(() => ({ ...loss(), aux: new Map([['x', tf.exp(x)]]) }), [w]),
      TypeError,
      'a function under noGrad or valueAndGrads returned a value of type Map, expected tensors in records and lists',
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
    const gone = variable(1);
    gone.dispose();
    expectError(() => valueAndGrads(loss, [gone]), TypeError, `valueAndGrads: variables[0], ${gone.name}, is disposed`);
  });
});

describe.skipIf(isArrays)('noGrad and stopGradient', () => {
  it('make a constant of what was computed', async () => {
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

  it('keep what is returned, free the rest, on and off the tape', () => {
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

  it('give a copy of a tensor that was there before', () => {
    const x = tf.tensor1d([1, 2]);
    const y = noGrad(() => x);
    y.dispose();
    expect(x.isDisposed).toBe(false);
  });

  it('do not take what could hide a tensor', () => {
    const message = (type: string) =>
      `a function under noGrad or valueAndGrads returned a value of type ${type}, expected tensors in records and lists`;
    expectError(() => noGrad(() => Promise.resolve(1)), TypeError, message('Promise'));
    expectError(() => noGrad(() => new Set([tf.scalar(1)])), TypeError, message('Set'));
    expect(noGrad(() => ({ a: 1, b: 'two', c: null, d: undefined, e: true }))).toEqual({ a: 1, b: 'two', c: null, d: undefined, e: true });
  });

  it('pass an error on', () => {
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

describe.skipIf(isArrays)('frozenCopy', () => {
  it('of variables keeps their values while the originals are trained', async () => {
    const policy = [variable([1, 2]), variable(3)];
    const reference = frozenCopy(policy);
    policy[0]!.assign(tf.tensor1d([9, 9]));
    expect(await read(reference[0])).toEqual([1, 2]);
    expect(await read(reference[1])).toBe(3);
    expect(reference.map((v) => v.trainable)).toEqual([false, false]);
  });

  it('is not trained by minimize, which takes every trainable variable', async () => {
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
  ] as [string, () => tf.LayersModel][])('of a %s model computes the same, and stays while the model is trained', async (_, make) => {
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
  });

  it('of a model whose layers hold tensors of their own keeps these, and makes nothing beside', async () => {
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

  it('names bad input', () => {
    const gone = variable(1);
    gone.dispose();
    expectError(() => frozenCopy([gone]), TypeError, `frozenCopy: source[0], ${gone.name}, is disposed`);
    expectError(() => frozenCopy([1 as never]), TypeError, 'frozenCopy: source[0] is a number, expected a tf.Variable');
    expectError(
      () => frozenCopy(undefined as never),
      TypeError,
      'frozenCopy: source is undefined, expected a list of tf.Variable or a tf.LayersModel',
    );
    const unbuilt = tf.sequential({ layers: [tf.layers.activation({ activation: 'relu', inputShape: [2] })] });
    expectError(() => frozenCopy(unbuilt), TypeError, 'frozenCopy: the model has no weights, expected a built model');
  });
});

describe.skipIf(isArrays)('what everyone expects of DPO', () => {
  it('starts at ln 2, the margin rises from 0, the reference does not move by a bit', async () => {
    const logits = tf.variable(
      tf.tensor2d([
        [0.5, -0.25, 0.125, 0],
        [0, 0.75, -0.5, 0.25],
      ]),
    );
    const [frozen] = frozenCopy([logits]);
    const start = (await read(frozen)) as number[][];
    const logpsOf = (table: tf.Tensor) => {
      const rows = tf.sub(table, tf.expandDims(ops.logSumExp<tf.Tensor>(table), -1));
      return {
        chosen: ops.reshape<tf.Tensor1D>(ops.slice<tf.Tensor>(rows, 0, 1, -1), [2]),
        rejected: ops.reshape<tf.Tensor1D>(ops.slice<tf.Tensor>(rows, 1, 2, -1), [2]),
      };
    };
    const optimizer = tf.train.sgd(2);
    const losses: number[] = [];
    const margins: number[] = [];
    const step = async () => {
      const { loss, margin, grads } = valueAndGrads(() => {
        const logps = { policy: logpsOf(logits), reference: noGrad(() => logpsOf(frozen!)) };
        const { policy, reference } = logps;
        const gap = tf.sub(tf.sub(policy.chosen, policy.rejected), tf.sub(reference.chosen, reference.rejected));
        return { loss: ops.mean(dpo(logps)), margin: tf.mean(gap) };
      }, [logits]);
      losses.push((await read(loss)) as number);
      margins.push((await read(margin)) as number);
      optimizer.applyGradients(grads);
      tf.dispose([loss, margin, grads]);
    };
    for (let i = 0; i < 2; i++) await step();
    const settled = liveTensors();
    for (let i = 0; i < 8; i++) await step();
    expect(liveTensors()).toBe(settled);
    expectClose(losses[0]!, Math.LN2, { relative: 1e-6 });
    expect(margins[0]).toBe(0);
    for (let i = 1; i < margins.length; i++) expect(margins[i]).toBeGreaterThan(margins[i - 1]!);
    expect((await read(frozen)) as number[][]).toEqual(start);
  });
});
