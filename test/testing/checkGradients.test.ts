import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { dpo, ipo, klEstimate, kto, ops, orpo, registerBackend, sequenceLogProbs, tokenLogProbs, type Pair } from '../../src/index.js';
import { checkGradients } from '../../src/testing/index.js';
import { engineName, ints, isArrays, isTfjs, liveTensors, tensor, type X } from '../support/engine.js';
import { Boxed, boxed } from '../support/boxed.js';
import { pair, pairLogps } from '../support/samples.js';

const isArraysNow = (x: unknown) => Array.isArray(x);

describe('checkGradients', () => {
  it('passes losses of this library', async () => {
    await checkGradients((x: never) => dpo<X>(x, { beta: 0.5, labelSmoothing: 0.1 }), pairLogps());
    await checkGradients(ipo, pairLogps());
    await checkGradients(orpo, { chosen: tensor([-0.5, -2]), rejected: tensor([-1, -1.5]), nll: tensor([1, 2]) });
    const examples = { policy: tensor([-1, -2]), reference: tensor([-2, -1]), desirable: ints([1, 0]), kl: 0.25 };
    const report = await checkGradients(kto, examples, { wrt: ['policy', 'reference'] });
    expect(Object.keys(report.gradientErrors)).toEqual(['policy', 'reference']);
  });

  it('takes plain lists next to tensors as constants', async () => {
    const { policy } = pairLogps();
    const reference = { chosen: [-10, -9, -8], rejected: [-11, -7, -9] };
    const report = await checkGradients((x: never) => dpo<X>(x), { policy, reference });
    const own = ['policy.chosen', 'policy.rejected'];
    const all = [...own, 'reference.chosen', 'reference.rejected'];
    expect(Object.keys(report.gradientErrors)).toEqual(isArrays ? all : own);
  });

  it('finds a wrong gradient next to an input that is much steeper', async () => {
    // The gradient with respect to `a` is wrong by 5 %, and over 10,000 times smaller than that with respect to `beta`.
    const wrong = ({ a, beta }: { a: X; beta: X }): X => {
      const skewed = isArraysNow(a) ? a : ops.add(ops.mul(a, 1.05), ops.stopGradient(ops.mul(a, -0.05)));
      return ops.mul(skewed, beta);
    };
    const inputs = { a: tensor([-5000, -4000]), beta: tensor([0.1, 0.2]) };
    await expect(checkGradients(wrong, inputs)).rejects.toThrow(/^checkGradients: the gradient of a\[\d\] is /);
  });

  it('names bad options, and differentiates only the inputs of wrt', async () => {
    const inputs = { a: tensor([1]), b: tensor([2]) };
    const f = ({ a, b }: { a: X; b: X }): X => ops.mul(a, b);
    const fails = async (options: object, error: Error) => {
      await expect(checkGradients(f, inputs, options)).rejects.toThrow(error);
    };
    await fails({ tol: 1 }, new RangeError('checkGradients: unknown option tol, expected wrt, tolerance, step'));
    await fails({ tolerance: 0 }, new RangeError('checkGradients: tolerance must be finite and > 0, got 0'));
    await fails({ step: -1 }, new RangeError('checkGradients: step must be finite and > 0, got -1'));
    await fails({ wrt: ['a', 'c'] }, new TypeError('checkGradients: no float input under c to differentiate with respect to'));
    const report = await checkGradients(f, inputs, { wrt: ['b'] });
    expect(Object.keys(report.gradientErrors)).toEqual(['b']);
  });

  it('accepts integer inputs, and inputs with several axes', async () => {
    const logps = ({ logits, labels, mask }: { logits: X; labels: X; mask: X }): X =>
      sequenceLogProbs<X>(tokenLogProbs<X, X>(logits, labels), mask);
    const inputs = {
      logits: tensor([
        [
          [1, 2, 0.5],
          [0, 1, 2],
        ],
        [
          [3, 1, 0],
          [1, 1, 1],
        ],
      ]),
      labels: ints([
        [0, 2],
        [1, -100],
      ]),
      mask: tensor([
        [1, 1],
        [1, 0],
      ]),
    };
    await checkGradients(logps, inputs, { wrt: ['logits'] });
  });

  it('holds results of stopGradient fixed', async () => {
    const batch = { policy: tensor([-1, -2, -4]), reference: tensor([-2, -4, -3]), desirable: ints([1, 0, 1]) };
    const loss = <T>(x: { policy: T; reference: T; desirable: T }): T => kto<T>({ ...x, kl: klEstimate<T>(x) }, { beta: 0.5 });
    await checkGradients(loss, batch, { wrt: ['policy', 'reference'] });
    await checkGradients(<T>({ x }: { x: T }): T => ops.mul(ops.stopGradient(ops.exp(x)), x), { x: tensor([0.5, 1]) });
  });

  it('passes a loss written by the user, and finds an error in it', async () => {
    const right = <T>({ chosen, rejected }: Pair<T>): T => ops.softplus(ops.sub(rejected, chosen));
    const wrong = <T>({ chosen, rejected }: Pair<T>): T => ops.softplus(ops.sub(rejected, ops.stopGradient(chosen)));
    const inputs = pair({ chosen: [-1, -2], rejected: [-2, -1.5] });
    await checkGradients(right, inputs);
    // A detached input passes, because detaching may be intended; its gradient is 0.
    await checkGradients(wrong, inputs);
    const offByFactor = <T>({ chosen, rejected }: Pair<T>): T =>
      ops.where(ops.greater(chosen, -1e9), ops.add(right({ chosen, rejected }), isNested(chosen) ? chosen : ops.mul(chosen, 2)), 0);
    await expect(checkGradients(offByFactor, inputs)).rejects.toThrow(/^checkGradients: the value is .* on the engine, .* on arrays/);
    const slope = <T>({ chosen, rejected }: Pair<T>): T =>
      ops.add(right({ chosen, rejected }), isNested(chosen) ? chosen : ops.stopGradient(chosen));
    await expect(checkGradients(slope, inputs)).rejects.toThrow(
      /^checkGradients: the gradient of chosen\[0\] is .* on the engine, .* by central differences/,
    );
  });

  const isNested = (x: unknown) => Array.isArray(x);

  it.runIf(isTfjs)('tells a loss that is written in tf.* to use ops, and leaves none of its tensors', async () => {
    const inputs = pair({ chosen: [-1, -2], rejected: [-2, -1.5] });
    const before = liveTensors();
    const advice = /^checkGradients: the loss runs on tensorflow.js but fails on plain arrays, expected one that is written in ops: /;
    await expect(checkGradients(({ chosen, rejected }: Pair<X>): X => tf.softplus(tf.sub(rejected, chosen)), inputs)).rejects.toThrow(
      new RegExp(`${advice.source}the loss returns a value of type Tensor, expected a tensor of the engine arrays$`),
    );
    await expect(checkGradients(({ chosen, rejected }: Pair<X>): X => rejected.sub(chosen).softplus(), inputs)).rejects.toThrow(
      new RegExp(`${advice.source}rejected.sub is not a function$`),
    );
    expect(liveTensors()).toBe(before);
  });

  it('says what a loss returns that is no tensor', async () => {
    const inputs = pair({ chosen: [-1, -2], rejected: [-2, -1.5] });
    await expect(checkGradients(({ chosen }: Pair<X>) => Promise.resolve(chosen), inputs)).rejects.toThrow(
      new TypeError(
        `checkGradients: the loss returns a value of type Promise, expected a tensor of the engine ${isArrays ? '{ data, dims }' : engineName}`,
      ),
    );
  });

  it('leaves no tensors behind', async () => {
    const inputs = pairLogps();
    const before = liveTensors();
    await checkGradients(dpo, inputs);
    expect(liveTensors()).toBe(before);
  });

  it('names bad input', async () => {
    await expect(checkGradients(dpo, {})).rejects.toThrow(new TypeError('checkGradients: inputs holds no tensor'));
    // Plain lists have no dtypes.
    if (!isArrays)
      await expect(checkGradients(ops.sum, { x: ints([1, 2]) })).rejects.toThrow(
        new TypeError('checkGradients: no float input to differentiate with respect to'),
      );
    await expect(checkGradients(dpo, pairLogps(), { wrt: ['polizy'] })).rejects.toThrow(
      new TypeError('checkGradients: no float input under polizy to differentiate with respect to'),
    );
  });
});

it('checkGradients names an engine without gradients', async () => {
  const unregister = registerBackend(boxed);
  await expect(checkGradients(dpo, { x: new Boxed([1]) })).rejects.toThrow(
    new TypeError('checkGradients: the engine boxed has no gradients, expected tensors of an engine with valueAndGrads'),
  );
  unregister();
});
