import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { AdamW, type AdamWOptions } from '../../../src/index.js';
import { expectClose, type Values } from '../../../src/testing/index.js';
import golden from './training.json' with { type: 'json' };
import { epsilon, expectError, isArrays, liveTensors, read } from '../../support/engine.js';
import { variables } from '../../support/variables.js';

const gradsOf = (weights: readonly tf.Variable[], values: readonly tf.TensorLike[]): tf.NamedTensorMap =>
  Object.fromEntries(weights.map((w, i) => [w.name, tf.tensor(values[i]!)]));

// The training helpers need TensorFlow.js: the arrays engine has no gradients.
describe.skipIf(isArrays)('AdamW', () => {
  it.each(golden.adamW.map(({ options, steps }) => [JSON.stringify(options), options, steps] as const))(
    "equals PyTorch's with %s",
    async (_, given, steps) => {
      const {
        lr,
        betas = [0.9, 0.999],
        eps = 1e-8,
        weight_decay: weightDecay = 0.01,
      } = given as { lr: number; betas?: number[]; eps?: number; weight_decay?: number };
      const weights = variables(golden.start);
      const optimizer = new AdamW({ learningRate: lr, beta1: betas[0]!, beta2: betas[1]!, epsilon: eps, weightDecay });
      for (const [i, expected] of steps.entries()) {
        optimizer.applyGradients(gradsOf(weights, golden.gradients[i]!));
        for (const [n, w] of weights.entries())
          expectClose((await read(w)) as Values, expected[n] as Values, { relative: 4 * epsilon, absolute: 4 * epsilon });
      }
      expect(optimizer.iterations).toBe(4);
      optimizer.dispose();
    },
  );

  it.each(golden.adamWSteps.map(({ without, steps }) => [JSON.stringify(without), without, steps] as const))(
    "counts the steps of each variable like PyTorch's, without gradients at [step, variable] %s",
    async (_, without, steps) => {
      const weights = variables(golden.start);
      const optimizer = new AdamW({ learningRate: 0.1 });
      for (const [i, expected] of steps.entries()) {
        const entries = Object.entries(gradsOf(weights, golden.gradients[i]!));
        optimizer.applyGradients(
          Object.fromEntries(entries.filter((__, n) => !without.some(([step, variable]) => step === i && variable === n))),
        );
        for (const [n, w] of weights.entries())
          expectClose((await read(w)) as Values, expected[n] as Values, { relative: 4 * epsilon, absolute: 4 * epsilon });
      }
      expect(optimizer.iterations).toBe(4);
      optimizer.dispose();
    },
  );

  it('decays only the variables that `decays` selects', async () => {
    const [w, b] = variables([[2], [2]]) as [tf.Variable, tf.Variable];
    const optimizer = new AdamW({ learningRate: 0.5, weightDecay: 0.5, decays: (name, variable) => name === w.name && variable === w });
    optimizer.applyGradients({ [w.name]: tf.tensor1d([0]), [b.name]: tf.tensor1d([0]) });
    expect([await read(w), await read(b)]).toEqual([[1.5], [2]]);
    optimizer.dispose();
  });

  it('keeps moments by variable name, also if a variable has no gradient in a step', async () => {
    const [both, alone] = [variables([[1], [1]]), variables([[1]])];
    const [a, b] = [new AdamW(), new AdamW()];
    const of = (value: number) => tf.tensor1d([value]);
    a.applyGradients({ [both[0]!.name]: of(5), [both[1]!.name]: of(1) });
    a.applyGradients({ [both[1]!.name]: of(2) });
    b.applyGradients({ [alone[0]!.name]: of(1) });
    b.applyGradients([{ name: alone[0]!.name, tensor: of(2) }]);
    expect(await read(both[1])).toEqual(await read(alone[0]));
    a.dispose();
    b.dispose();
  });

  it('holds two moments per variable and nothing else while it minimizes', async () => {
    const [w] = variables([[1, -1]]) as [tf.Variable];
    const before = liveTensors();
    const optimizer = new AdamW({ learningRate: 0.1, weightDecay: 0 });
    for (let i = 0; i < 50; i++) optimizer.minimize(() => tf.sum(tf.square(w)) as tf.Scalar, false, [w]);
    expect(liveTensors() - before).toBe(2);
    expectClose((await read(w)) as Values, [0, 0], { relative: 0, absolute: 0.05 });
    optimizer.dispose();
    expect(liveTensors()).toBe(before);
  });

  it('continues bit for bit from restored weights, also of a variable that has joined later', async () => {
    const [one, two] = [variables(golden.start), variables(golden.start)];
    const [a, b] = [new AdamW({ learningRate: 0.1 }), new AdamW({ learningRate: 0.1 })];
    a.applyGradients(gradsOf(one.slice(1), golden.gradients[1]!.slice(1)));
    a.applyGradients(gradsOf(one, golden.gradients[0]!));
    one.forEach((w, i) => {
      two[i]!.assign(w);
    });
    const state = (await a.getWeights()).map(({ name, tensor }) => ({
      name: one.reduce((s, w, i) => s.replace(`${w.name}/`, `${two[i]!.name}/`), name),
      tensor,
    }));
    await b.setWeights(state);
    for (const gradients of golden.gradients.slice(1)) {
      a.applyGradients(gradsOf(one, gradients));
      b.applyGradients(gradsOf(two, gradients));
    }
    for (const [i, w] of one.entries()) expect(await read(two[i])).toEqual(await read(w));
    expect(b.iterations).toBe(5);
    await expect(b.setWeights(state.filter(({ name }) => name !== state[2]!.name))).rejects.toThrow(/^AdamW: setWeights got no .*\/v$/);
    await expect(b.setWeights(state.filter(({ name }) => name !== state[3]!.name))).rejects.toThrow(/^AdamW: setWeights got no .*\/t$/);
    a.dispose();
    b.dispose();
  });

  it('accepts its own weights and rejects those of another optimizer', async () => {
    const w = tf.variable(tf.tensor1d([1, -1]));
    const optimizer = new AdamW({ learningRate: 0.1 });
    const step = () => optimizer.minimize(() => tf.sum(tf.square(w)) as tf.Scalar, false, [w]);
    step();
    const before = liveTensors();
    const own = await optimizer.getWeights();
    await optimizer.setWeights(own);
    tf.dispose(own.map(({ tensor }) => tensor));
    expect(liveTensors()).toBe(before);
    step();
    const [iter, m] = await optimizer.getWeights();
    expect(await read(iter!.tensor)).toBe(2);
    await expect(optimizer.setWeights([])).rejects.toThrow(
      'AdamW: setWeights got nothing, expected iter, then /m, /v and /t of each variable',
    );
    await expect(optimizer.setWeights([iter!, { ...m!, name: 'x/momentum' }])).rejects.toThrow('setWeights got iter, x/momentum, expected');
    await expect(optimizer.setWeights([iter!, m!])).rejects.toThrow(`AdamW: setWeights got no ${w.name}/v`);
    const [, kept] = await optimizer.getWeights();
    expect(await read(kept!.tensor)).toEqual(await read(m!.tensor));
    optimizer.dispose();
  });

  it('skips variables that are not trainable, and changes nothing if a gradient has the wrong shape', async () => {
    const [w, still] = [tf.variable(tf.tensor1d([1])), tf.variable(tf.tensor1d([5]), false)];
    const optimizer = new AdamW({ learningRate: 0.1 });
    optimizer.minimize(() => tf.sum(tf.square(w)) as tf.Scalar, false, [w, still]);
    expect(await read(still)).toEqual([5]);
    const after = await read(w);
    const wrong = { [w.name]: tf.tensor1d([1]), [still.name]: tf.tensor1d([1, 2]) };
    expectError(() => { optimizer.applyGradients(wrong); }, RangeError, `AdamW: the gradient of ${still.name} has shape [2], expected [1]`); // prettier-ignore
    expect(await read(w)).toEqual(after);
    expect(optimizer.iterations).toBe(1);
    optimizer.dispose();
  });

  it('holds its moments in variables that are not trainable', () => {
    const trainable = () => Object.values(tf.engine().registeredVariables).filter((v) => v.trainable).length;
    const w = tf.variable(tf.tensor1d([1]));
    const before = trainable();
    const optimizer = new AdamW();
    optimizer.minimize(() => tf.sum(tf.square(w)) as tf.Scalar, false, [w]);
    expect(trainable()).toBe(before);
    optimizer.dispose();
  });

  it('can be rebuilt from its configuration', () => {
    const options = { learningRate: 0.25, beta1: 0.5, beta2: 0.75, epsilon: 0.1, weightDecay: 0.3 };
    expect(new AdamW(options).getConfig()).toEqual(options);
    expect(AdamW.fromConfig(AdamW as never, options).getConfig()).toEqual(options);
    expect([AdamW.className, new AdamW().getClassName()]).toEqual(['AdamW', 'AdamW']);
  });

  it.each<[AdamWOptions, string]>([
    [{ learningRate: -1 }, 'AdamW: learningRate must be finite and >= 0, got -1'],
    [{ beta1: 1 }, 'AdamW: beta1 must be in [0, 1), got 1'],
    [{ beta2: -0.5 }, 'AdamW: beta2 must be in [0, 1), got -0.5'],
    [{ epsilon: 0 }, 'AdamW: epsilon must be finite and > 0, got 0'],
    [{ weightDecay: NaN }, 'AdamW: weightDecay must be finite and >= 0, got NaN'],
    [{ lr: 1 } as AdamWOptions, 'AdamW: unknown option lr, expected learningRate, beta1, beta2, epsilon, weightDecay, decays'],
  ])('rejects %j', (options, message) => {
    expectError(() => new AdamW(options), RangeError, message);
  });

  it('names a gradient without a variable before it changes anything', async () => {
    const [w] = variables([[1]]) as [tf.Variable];
    const [optimizer, grad] = [new AdamW(), tf.tensor1d([1])];
    expectError(() => { optimizer.applyGradients({ [w.name]: grad, none: grad }); }, RangeError, 'AdamW: the gradient of none belongs to no variable'); // prettier-ignore
    grad.dispose();
    expectError(() => { optimizer.applyGradients({ [w.name]: grad }); }, TypeError, `AdamW: the gradient of ${w.name} is disposed`); // prettier-ignore
    expect([await read(w), optimizer.iterations]).toEqual([[1], 0]);
  });

  it('refuses a bad learning rate where it is set', () => {
    const optimizer = new AdamW();
    const set = (rate: unknown) => () => {
      optimizer.learningRate = rate as number;
    };
    expectError(set(NaN), RangeError, 'AdamW: learningRate must be finite and >= 0, got NaN');
    expectError(set(-0.1), RangeError, 'AdamW: learningRate must be finite and >= 0, got -0.1');
    expectError(set('0.1'), TypeError, 'AdamW: learningRate is "0.1", expected a number');
    expect(optimizer.learningRate).toBe(1e-3);
    set(0)();
    expect([optimizer.learningRate, optimizer.getConfig().learningRate]).toEqual([0, 0]);
  });
});
