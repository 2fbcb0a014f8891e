import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  backendOf,
  completionLogProbs,
  dpo,
  linearTokenLogProbs,
  noGrad,
  ops,
  tokenDivergence,
  tokenLogProbs,
  valueAndGrads,
} from '../../src/index.js';
import { ints, tensor, type X, isTfjs } from '../support/engine.js';

const FAULT = new Error('a fault of the user');
const fail = (): never => {
  throw FAULT;
};

/** The parts of tfjs's state that a fault must leave as they were. */
function stateOf(): object {
  const { numTensors, numDataBuffers, numBytes } = tf.memory();
  const { gradientDepth, kernelDepth, activeTape, activeScope, scopeStack } = tf.engine().state;
  return {
    numTensors,
    numDataBuffers,
    numBytes,
    gradientDepth,
    kernelDepth,
    activeTape,
    activeScope: activeScope.id,
    scopes: scopeStack.length,
  };
}

/** An operation with a gradient of its own that throws. */
const failingGradient = (x: X): X => tf.customGrad((y) => ({ value: tf.mul(y as tf.Tensor, 2), gradFunc: fail }))(x);

const logits = (w: X): X => tf.mul(tf.reshape(w, [1, 2, 3]), tf.scalar(2));
const labels = () => ints([[1, 2]]);
const head = (w: X): X => ({ hidden: tf.reshape(w, [2, 3]), weight: tensor([[1, 2, 3], [4, 5, 6]]) }); // prettier-ignore
const pair = (x: X) => ({ chosen: x, rejected: ops.neg(x) });

/** Losses of a variable `[6]` that throw in the middle. */
const FAULTS: Record<string, (w: X) => X> = {
  'in ops': (w) => ops.sum(ops.mul(ops.exp(w), fail())),
  'in a scope': (w) => ops.scope(w, () => ops.sum(ops.add(ops.exp(w), fail()))),
  'in a scope in a scope': (w) =>
    ops.scope(w, () =>
      ops.add(
        ops.square(w),
        ops.scope(w, () => ops.sub(ops.exp(w), fail())),
      ),
    ),
  'in detached': (w) =>
    ops.add(
      ops.exp(w),
      ops.detached(w, () => ops.sub(ops.exp(w), fail())),
    ),
  'in noGrad': (w) =>
    ops.add(
      ops.exp(w),
      noGrad(() => ops.sub(ops.exp(w), fail())),
    ),
  'in a nested gradient': (w) => ops.add(ops.exp(w), backendOf<X>(w).valueAndGrads!(([x]) => ops.mul(ops.exp(x), fail()), [w]).value),
  'after the fused log-probs': (w) => ops.sum(ops.mul(tokenLogProbs(logits(w), labels()), fail())),
  'after the fused KL': (w) => ops.sum(ops.mul(tokenDivergence(logits(w), tf.neg(logits(w))), fail())),
  'after the linear form': (w) => ops.sum(ops.mul(linearTokenLogProbs(head(w), ints([1, 0])), fail())),
  'after the linear form with a frozen weight': (w) =>
    ops.sum(ops.mul(linearTokenLogProbs(head(w), ints([1, 0]), { frozenWeight: true }), fail())),
  'after a loss of pairs': (w) => ops.mul(ops.mean(dpo({ policy: pair(ops.exp(w)), reference: pair(w) })), fail()),
  'in the bad arguments of a loss': (w) => ops.mean(dpo({ policy: pair(ops.exp(w)), reference: pair(ops.sum(w)) } as X)),
  'in the bad labels of fused log-probs': (w) => ops.sum(tokenLogProbs(logits(w), ints([[1]]))),
  'in the bad mask of completions': (w) => ops.sum(completionLogProbs(logits(w), { tokens: labels(), mask: tensor([[1]]) })),
  'in the backward pass, before that of ops': (w) => ops.sum(ops.exp(failingGradient(ops.exp(w)))),
  'in the backward pass, before that of fused log-probs': (w) => ops.sum(tokenLogProbs(failingGradient(logits(w)), labels())),
  'in the backward pass, before that of the fused KL': (w) => ops.sum(tokenDivergence(failingGradient(logits(w)), logits(w))),
  'in the backward pass, before that of the linear form': (w) =>
    ops.sum(linearTokenLogProbs({ ...head(w), hidden: failingGradient(head(w).hidden) }, ints([1, 0]))),
  'in the backward pass, after that of fused log-probs': (w) => ops.sum(failingGradient(tokenLogProbs(logits(w), labels()))),
  'in the backward pass, after that of the linear form': (w) => ops.sum(failingGradient(linearTokenLogProbs(head(w), ints([1, 0])))),
  'in the backward pass of a loss': (w) => ops.mean(dpo({ policy: pair(failingGradient(ops.exp(w))), reference: pair(w) })),
};

// The arrays engine has neither tape nor memory to free.
describe.runIf(isTfjs)('a fault leaves tape, scopes and memory as they were', () => {
  const healthy = (w: X): X => ops.sum(ops.exp(w));

  it.each(Object.entries(FAULTS))('%s', async (place, loss) => {
    const w = tf.variable(tf.tensor1d([0.5, -1, 1.5, 2, -0.5, 1]));
    const step = (f: (x: X) => X) => valueAndGrads(() => ({ loss: f(w) as tf.Scalar }), [w]);
    tf.dispose(step(healthy)); // registers kernels
    const before = stateOf();
    for (let i = 0; i < 2; i++) expect(() => step(loss)).toThrow();
    expect(stateOf()).toEqual(before);
    // Without a gradient, too, inside of a scope of the caller.
    if (!place.startsWith('in the backward pass')) {
      tf.tidy(() => {
        const inside = stateOf();
        expect(() => tf.tidy(() => loss(w))).toThrow();
        expect(stateOf()).toEqual(inside);
      });
    }
    // What comes next is right.
    const { loss: value, grads } = step(healthy);
    const [expected, found] = [await tf.tidy(() => tf.exp(w as tf.Tensor)).data(), await grads[w.name]!.data()];
    found.forEach((x, i) => {
      expect(Math.abs(x - expected[i]!)).toBeLessThan(1e-5 * Math.abs(expected[i]!));
    });
    tf.dispose([value, grads]);
    w.dispose();
  });
});
