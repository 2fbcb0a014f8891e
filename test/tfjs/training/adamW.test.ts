import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { AdamW, type AdamWOptions } from '../../../src/index.js';
import { expectClose, type Values } from '../../../src/testing/index.js';
import golden from './training.json' with { type: 'json' };
import { noRecords, stateOf } from '../../support/checkpoints.js';
import { epsilon, expectError, liveTensors, read, isTfjs } from '../../support/engine.js';
import { variables } from '../../support/variables.js';

const gradsOf = (weights: readonly tf.Variable[], values: readonly tf.TensorLike[]): tf.NamedTensorMap =>
  Object.fromEntries(weights.map((w, i) => [w.name, tf.tensor(values[i]!)]));

// The training helpers need TensorFlow.js: the arrays engine has no gradients.
describe.runIf(isTfjs)('AdamW', () => {
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

  describe('after an error', () => {
    type Bad = [name: string, bad: (w: tf.Variable) => tf.Tensor | null, kind: typeof TypeError, message: (name: string) => string];
    const disposed = (x: tf.Tensor): tf.Tensor => {
      x.dispose();
      return x;
    };
    const gradients: Bad[] = [
      ['a disposed gradient', () => disposed(tf.tensor1d([1, 2])), TypeError, (w) => `the gradient of ${w} is disposed`],
      ['a gradient of another shape', () => tf.tensor1d([1]), RangeError, (w) => `the gradient of ${w} has shape [1], expected [2]`],
      ['a gradient of another dtype', () => tf.tensor1d([1, 2], 'int32'), TypeError, (w) => `the gradient of ${w} has dtype int32, expected float32`], // prettier-ignore
      ['a disposed variable', (w) => { w.dispose(); return tf.tensor1d([1, 2]); }, RangeError, (w) => `the gradient of ${w} belongs to no variable`], // prettier-ignore
      ['another variable of that name', (w) => { w.dispose(); tf.variable(tf.tensor1d([1, 2, 3]), true, w.name); return tf.tensor1d([1, 2, 3]); }, RangeError, (w) => `the state of ${w} has shape [2], expected [3]`], // prettier-ignore
    ];
    it.each(gradients)('of %s last, nothing has changed', async (_, bad, kind, message) => {
      const weights = variables([[1, 2], [3, 4]]); // prettier-ignore
      const [first, last] = weights as [tf.Variable, tf.Variable];
      const optimizer = new AdamW({ learningRate: 0.1 });
      const good = gradsOf(weights, [[1, -1], [2, 0.5]]); // prettier-ignore
      optimizer.applyGradients(good);
      const wrong = { ...good, [last.name]: bad(last)! };
      const before = await stateOf([first], optimizer);
      expectError(() => { optimizer.applyGradients(wrong); }, kind, `AdamW: ${message(last.name)}`); // prettier-ignore
      expect(await stateOf([first], optimizer)).toEqual(before);
      optimizer.dispose();
    });

    it('of `decays`, or of one variable given twice, nothing has changed', async () => {
      const weights = variables([[1, 2], [3, 4]]); // prettier-ignore
      const last = weights[1]!;
      let isBroken = false;
      const decays = (name: string) => {
        if (isBroken && name === last.name) throw new RangeError('decays of a user');
        return true;
      };
      const optimizer = new AdamW({ learningRate: 0.1, decays });
      const good = gradsOf(weights, [[1, -1], [2, 0.5]]); // prettier-ignore
      for (const isFirst of [true, false]) {
        isBroken = true;
        const before = await stateOf(weights, optimizer);
        expectError(() => { optimizer.applyGradients(good); }, RangeError, 'decays of a user'); // prettier-ignore
        const twice = [...weights, last].map(({ name }) => ({ name, tensor: good[name]! }));
        isBroken = false;
        expectError(() => { optimizer.applyGradients(twice); }, RangeError, `AdamW: ${last.name} has two gradients, expected one`); // prettier-ignore
        expect(await stateOf(weights, optimizer)).toEqual(before);
        if (isFirst) optimizer.applyGradients(good);
      }
      optimizer.dispose();
    });

    it('of what is no record and no list of named gradients, nothing has changed', async () => {
      const weights = variables([[1]]);
      const optimizer = new AdamW();
      const apply = (wrong: unknown) => () => {
        optimizer.applyGradients(wrong as never);
      };
      const before = await stateOf(weights, optimizer);
      for (const [wrong, words] of noRecords) expectError(apply(wrong), TypeError, `AdamW: gradients is ${words}, expected gradients by variable name`); // prettier-ignore
      for (const [wrong, words] of [
        [undefined, 'undefined'],
        [null, 'null'],
        [{}, 'a value of type Object'],
      ] as const) expectError(apply([wrong]), TypeError, `AdamW: gradients[0] is ${words}, expected { name, tensor }`); // prettier-ignore
      expectError(apply(new Array(1)), TypeError, 'AdamW: gradients[0] is undefined, expected { name, tensor }');
      expect(await stateOf(weights, optimizer)).toEqual(before);
    });

    it('of a variable that is not of float32, nothing has changed', async () => {
      const [w, whole] = [tf.variable(tf.tensor1d([1])), tf.variable(tf.tensor1d([1], 'int32'))];
      const [optimizer, grad] = [new AdamW(), tf.tensor1d([1])];
      const before = await stateOf([w, whole], optimizer);
      expectError(() => { optimizer.applyGradients({ [w.name]: grad, [whole.name]: grad }); }, TypeError, `AdamW: ${whole.name} has dtype int32, expected float32`); // prettier-ignore
      expectError(() => { optimizer.applyGradients({ [w.name]: grad, constructor: grad }); }, RangeError, 'AdamW: the gradient of constructor belongs to no variable'); // prettier-ignore
      expect(await stateOf([w, whole], optimizer)).toEqual(before);
    });

    it('of setWeights, nothing has changed', async () => {
      const weights = variables([[1, 2]]);
      const { name } = weights[0]!;
      const optimizer = new AdamW();
      optimizer.applyGradients(gradsOf(weights, [[1, -1]]));
      const [iter, m, v, t] = (await optimizer.getWeights()) as [Named, Named, Named, Named];
      type Named = Awaited<ReturnType<AdamW['getWeights']>>[number];
      const other = (named: Named, tensor: tf.Tensor) => ({ ...named, tensor });
      const gone = other(v, disposed(tf.tensor1d([1, 2])));
      const cases: [Named[], string][] = [
        [[iter, m, gone, t], `setWeights got ${name}/v, which is disposed`],
        [[iter, m, other(v, tf.tensor1d([1])), t], `${name}/v has shape [1], expected [2] like ${name}/m`],
        [[iter, other(m, tf.tensor1d([1, 2], 'int32')), v, t], `${name}/m has dtype int32, expected float32`],
        [[iter, m, v, other(t, tf.scalar(-1, 'int32'))], `${name}/t must be an integer >= 0, got -1`],
        [[iter, m, v, other(t, tf.tensor1d([]))], `${name}/t is undefined, expected a number`],
        [[other(iter, tf.scalar(0.5)), m, v, t], 'iter must be an integer >= 0, got 0.5'],
        [[iter, m, v, t, m], `setWeights got ${name}/m twice`],
        [undefined as never, 'setWeights got undefined, expected a list of { name, tensor }'],
        [[null as never], 'weightValues[0] is null, expected { name, tensor }'],
        [[iter, m, v, other(t, 1 as never)], `setWeights got ${name}/t, which is a number, expected a tensor`],
      ];
      const before = await stateOf(weights, optimizer);
      for (const [state, message] of cases) await expect(optimizer.setWeights(state)).rejects.toThrow(`AdamW: ${message}`);
      expect(await stateOf(weights, optimizer)).toEqual(before);
      // The state is taken at the call.
      const setting = optimizer.setWeights([iter, m, v, t]);
      tf.dispose([iter, m, v, t].map(({ tensor }) => tensor));
      await setting;
      expect(await stateOf(weights, optimizer)).toMatchObject({
        ...(before as object),
        tensors: (before as { tensors: number }).tensors - 4,
      });
      optimizer.dispose();
    });
  });

  it('names a state that is disposed, and `decays` that is no function', async () => {
    const [w] = variables([[1]]) as [tf.Variable];
    const optimizer = new AdamW();
    const grads = gradsOf([w], [[1]]);
    const known = new Set(Object.keys(tf.engine().registeredVariables));
    optimizer.applyGradients(grads);
    for (const [name, one] of Object.entries(tf.engine().registeredVariables)) if (!known.has(name)) one.dispose();
    const before = await read(w);
    expect(() => { optimizer.applyGradients(grads); }).toThrow(/^AdamW: the state of .*, is disposed$/); // prettier-ignore
    await expect(optimizer.getWeights()).rejects.toThrow(/^AdamW: the state of .*, is disposed$/);
    expect([await read(w), optimizer.iterations]).toEqual([before, 1]);
    expectError(() => new AdamW({ decays: true as never }), TypeError, 'AdamW: decays is a boolean, expected a function');
  });
});
