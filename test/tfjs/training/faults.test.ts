import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { backendOf, dpo, GradientAccumulator, noGrad, ops, precomputeReference, valueAndGrads } from '../../../src/index.js';
import { liveTensors, read, isTfjs } from '../../support/engine.js';
import { variable } from '../../support/variables.js';

/** What tfjs holds between two calls. */
function engineState(): unknown {
  const { state, registeredVariables } = tf.engine();
  const { gradientDepth, kernelDepth, activeTape, scopeStack } = state as unknown as Record<string, unknown>;
  const variables = Object.keys(registeredVariables).length;
  return {
    tensors: liveTensors(),
    variables,
    gradientDepth,
    kernelDepth,
    tape: activeTape ?? null,
    scopes: (scopeStack as unknown[]).length,
  };
}

const stop = (): never => {
  throw new Error('fault of a user');
};

/** Losses of a user that fail, by the place where they do. */
const faults: Record<string, (w: tf.Variable) => unknown> = {
  'before anything': stop,
  'after some operations': (w) => [tf.sum(tf.exp(tf.mul(w, w))), stop()],
  'in a scope': (w) => ops.scope(w as tf.Tensor, () => [tf.exp(w), stop()]),
  'in tf.tidy': (w) => tf.tidy(() => [tf.exp(w), stop()] as never),
  'in noGrad': (w) => noGrad(() => [tf.exp(w), stop()]),
  'in noGrad in noGrad': (w) => noGrad(() => [tf.exp(w), noGrad(() => [tf.neg(w), stop()])]),
  'after noGrad': (w) => [noGrad(() => tf.exp(w)), stop()],
  'in the forward pass of a custom gradient': (w) => tf.customGrad(() => [tf.exp(w), stop()] as never)(w as tf.Tensor),
  'in the backward pass of a custom gradient': (w) => ({
    loss: tf.sum(
      tf.customGrad((x, save) => {
        (save as (tensors: tf.Tensor[]) => void)([x as tf.Tensor]);
        return { value: tf.square(x as tf.Tensor), gradFunc: stop };
      })(tf.exp(w as tf.Tensor)),
    ),
  }),
  'in a gradient within': (w) => valueAndGrads(() => [tf.exp(w), stop()] as never, [w]),
  'after a gradient within': (w) => [valueAndGrads(() => ({ loss: tf.sum(tf.exp(w)) as tf.Scalar }), [w]), stop()],
  'in the backward pass of a gradient within': (w) =>
    valueAndGrads(() => ({ loss: tf.sum(tf.customGrad((x) => ({ value: tf.square(x as tf.Tensor), gradFunc: stop }))(w as tf.Tensor)) as tf.Scalar }), [w]), // prettier-ignore
  'in a loss of the library': (w) => dpo({ policy: { chosen: tf.exp(w) as tf.Tensor1D, rejected: tf.tensor1d([1]) } } as never),
  'in the options of a loss': (w) => {
    const pair = { chosen: tf.exp(w) as tf.Tensor1D, rejected: tf.neg(w as tf.Tensor) as tf.Tensor1D };
    return dpo<tf.Tensor1D>({ policy: pair, reference: pair }, { beta: -1 });
  },
  'in a field of its result': (w) => ({ loss: tf.sum(tf.exp(w)), get aux() { return stop(); } }), // prettier-ignore
  'in a nested field of its result': (w) => ({ loss: tf.sum(tf.exp(w)), a: tf.neg(w), aux: { get b() { return stop(); } } }), // prettier-ignore
  'with a Map after a tensor in its result': (w) => ({ loss: tf.sum(tf.exp(w)), a: tf.neg(w as tf.Tensor), m: new Map() }),
  'with a Map after a tensor deep in its result': (w) => ({ loss: tf.sum(tf.exp(w)), aux: [{ a: tf.neg(w as tf.Tensor), m: new Map() }] }),
  'with a class after a variable in its result': (w) => ({ loss: tf.sum(tf.exp(w)), a: w, m: new URL('http://localhost') }),
  'with a disposed tensor after another in its result': (w) => {
    const gone = tf.exp(w);
    gone.dispose();
    return { loss: tf.sum(tf.exp(w)), a: tf.neg(w as tf.Tensor), gone };
  },
  'with a promise': async (w) => Promise.resolve({ loss: tf.sum(tf.exp(w)) }),
  'with a loss of no number': (w) => ({ loss: tf.exp(w), a: tf.neg(w as tf.Tensor) }),
  'with a loss that depends on nothing': (w) => ({ loss: tf.scalar(1), a: tf.neg(w as tf.Tensor) }),
};

describe.runIf(isTfjs)('a loss that fails', () => {
  const makeW = () => variable([1, -2]);
  // Each way to run it. What it has made, and all that tfjs keeps, must be as before.
  const ways: Record<string, (f: () => unknown, w: tf.Variable) => unknown> = {
    valueAndGrads: (f, w) => valueAndGrads(f as never, [w]),
    'valueAndGrads in tf.tidy': (f, w) => tf.tidy(() => valueAndGrads(f as never, [w]) as never),
    'valueAndGrads of an engine': (f, w) => backendOf<tf.Tensor>(w).valueAndGrads!(() => (f() as { loss?: tf.Tensor }).loss ?? stop(), [w]),
    'the second part of an accumulation': (f, w) => {
      const accumulator = new GradientAccumulator();
      try {
        const { loss, grads } = valueAndGrads(() => ({ loss: tf.sum(tf.square(w)) as tf.Scalar }), [w]);
        accumulator.add(grads);
        tf.dispose([loss, grads]);
        accumulator.add(valueAndGrads(f as never, [w]).grads);
      } finally {
        accumulator.dispose();
      }
    },
  };
  for (const [way, run] of Object.entries(ways)) {
    it.each(Object.entries(faults))(`in ${way}, %s, leaves all as it was`, async (name, f) => {
      const w = makeW();
      const before = engineState();
      // These fail in the result, which an engine does not return.
      if (way === 'valueAndGrads of an engine' && / its result$|with a /.test(name)) return;
      for (let i = 0; i < 3; i++) expect(() => run(() => f(w), w)).toThrow();
      expect(engineState()).toEqual(before);
      const { loss, grads } = valueAndGrads(() => ({ loss: tf.sum(tf.square(w)) as tf.Scalar }), [w]);
      expect([await read(loss), await read(grads[w.name])]).toEqual([5, [2, -4]]);
    });
  }

  it.each(Object.entries(faults).filter(([name]) => !/backward|loss of no number|depends on nothing/.test(name)))(
    'in noGrad and precomputeReference, %s, leaves all as it was',
    async (_, f) => {
      const w = makeW();
      const before = engineState();
      expect(() => noGrad(() => f(w))).toThrow();
      await expect(precomputeReference([0], () => f(w) as object)).rejects.toThrow();
      expect(engineState()).toEqual(before);
    },
  );

  it('and is caught, within another loss, leaves the gradient of that as it is', async () => {
    for (const f of Object.values(faults)) {
      const w = makeW();
      const { loss, grads } = valueAndGrads(() => {
        const y = tf.square(w);
        expect(() => valueAndGrads(() => f(w) as never, [w])).toThrow();
        return { loss: tf.sum(y) as tf.Scalar };
      }, [w]);
      expect([await read(loss), await read(grads[w.name])]).toEqual([5, [2, -4]]);
    }
  });
});
