import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import {
  addStatistics,
  AdamW,
  bco,
  Bema,
  dpo,
  frozenCopy,
  GradientAccumulator,
  klStatistics,
  kto,
  loadCheckpoint,
  ops,
  precomputeReference,
  rewardShift,
  rewardStatistics,
  saveCheckpoint,
  syncReference,
  valueAndGrads,
  type BemaOptions,
} from '../../src/index.js';
import { expectClose, type Values } from '../../src/testing/index.js';
import golden from './training.json' with { type: 'json' };
import { epsilon, expectError, isArrays, liveTensors, read } from '../support/engine.js';

type T = tf.Tensor1D;
const variables = (values: readonly tf.TensorLike[]) => values.map((v) => tf.variable(tf.tensor(v)));

// The training helpers are for TensorFlow.js: the arrays engine has no gradients.
describe.skipIf(isArrays)('GradientAccumulator', () => {
  // A model of one weight for each example: log-probs w x, in parts of different sizes.
  const x = [0.3, -1.2, 2, 0.7, -0.4];
  const reference = [-0.1, 0.4, -0.2, 0.1, 0];
  const desirable = [1, 0, 1, 1, 0];
  const parts = [[0, 2], [2, 3], [3, 5]] as const; // prettier-ignore

  const losses: Record<string, (policy: T, at: readonly [number, number], whole: tf.Tensor) => tf.Tensor> = {
    dpo: (policy, [from, to]) => dpo<T>({ policy: { chosen: policy, rejected: tf.neg(policy) }, reference: { chosen: tf.tensor1d(reference.slice(from, to)), rejected: tf.zerosLike(policy) } }), // prettier-ignore
    kto: (policy, [from, to], kl) => kto<T>({ policy, reference: tf.tensor1d(reference.slice(from, to)), desirable: tf.tensor1d(desirable.slice(from, to)), kl: kl as tf.Scalar }), // prettier-ignore
    bco: (policy, [from, to], shift) => bco<T>({ policy, reference: tf.tensor1d(reference.slice(from, to)), desirable: tf.tensor1d(desirable.slice(from, to)) }, { delta: shift as tf.Scalar }), // prettier-ignore
  };

  it.each(Object.keys(losses))('equals the big batch for %s', async (name) => {
    const weight = tf.variable(tf.tensor1d([1.5]));
    const policyOf = ([from, to]: readonly [number, number]): T => tf.mul(weight, tf.tensor1d(x.slice(from, to)));
    // What of the whole batch a loss takes: sums of the parts.
    const inputs = ([from, to]: readonly [number, number]) => ({
      policy: policyOf([from, to]),
      reference: tf.tensor1d(reference.slice(from, to)),
    });
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

  it('names a gradient of another shape', () => {
    const accumulator = new GradientAccumulator();
    accumulator.add({ w: tf.tensor1d([1, 2]) });
    const wrong = { w: tf.tensor1d([10]) };
    expectError(() => { accumulator.add(wrong); }, RangeError, 'GradientAccumulator: the gradient of w has shape [1], expected [2] as before'); // prettier-ignore
    accumulator.dispose();
  });

  it("takes a variable that has a gradient in some parts only, keeps nothing of the caller's, and begins anew", async () => {
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
});

describe.skipIf(isArrays)('precomputeReference', () => {
  const batches = [[1, 2], [3], [4, 5]]; // prettier-ignore
  const logpsOf = (batch: readonly number[]) => [tf.neg(tf.tensor1d([...batch])), tf.mul(2, tf.tensor1d([...batch]))];
  const expected = [[[-1, -2], [2, 4]], [[-3], [6]], [[-4, -5], [8, 10]]].map((one) => one.map((v) => Float32Array.from(v))); // prettier-ignore

  it('gives the values of every batch, and leaves no tensor', async () => {
    const before = liveTensors();
    expect(await precomputeReference(batches, logpsOf)).toEqual(expected);
    expect(liveTensors()).toBe(before);
  });

  it('goes on where it was stopped', async () => {
    let saved: readonly (readonly Float32Array[])[] = [];
    const stopped = precomputeReference(batches, logpsOf, {
      onBatch: (results) => {
        saved = [...results];
        if (results.length === 2) throw new Error('the power is off');
      },
    });
    await expect(stopped).rejects.toThrow('the power is off');
    const seen: (readonly number[])[] = [];
    const asked = (batch: readonly number[]) => (seen.push(batch), logpsOf(batch));
    expect(await precomputeReference(batches, asked, { done: saved })).toEqual(expected);
    expect(seen).toEqual([[4, 5]]);
  });

  it('says what it cannot take', async () => {
    const fromJson = JSON.parse(JSON.stringify([[new Float32Array([1])]])) as Float32Array[][];
    await expect(precomputeReference([1], () => [tf.scalar(1)], { done: fromJson })).rejects.toThrow(
      new TypeError('precomputeReference: done[0] is no list of Float32Array; from JSON, make them anew with Float32Array.from'),
    );
    for (const [made, what] of [
      [[], 'an empty list'],
      [Promise.resolve([]), 'a value of type Promise'],
    ] as const)
      // prettier-ignore
      await expect(precomputeReference([1], () => made as never)).rejects.toThrow(
        new TypeError(`precomputeReference: logpsOf gave ${what} for batch 0, expected a list of tensors`),
      );
  });

  it('names a batch whose log-probs are not finite, and leaves no tensor', async () => {
    const before = liveTensors();
    await expect(precomputeReference(batches, (batch) => [tf.log(tf.sub(tf.tensor1d([...batch]), 3))])).rejects.toThrow(
      /^precomputeReference: value 0 of tensor 0 of batch 0 is /,
    );
    expect(liveTensors()).toBe(before);
    await expect(precomputeReference([], logpsOf, { done: expected })).rejects.toThrow(
      'precomputeReference: done has 3 batches, and there are 0',
    );
  });
});

describe.skipIf(isArrays)('a moving reference', () => {
  it.each(golden.soft.map((record) => [record.alpha, record] as const))("is TRL's at alpha %d", async (alpha, { reference: expected }) => {
    const [policy, reference] = [variables(golden.start), variables(golden.gradients[0]!)];
    const before = liveTensors();
    syncReference(reference, policy, { alpha });
    expect(liveTensors()).toBe(before);
    for (const [i, w] of reference.entries())
      expectClose((await read(w)) as Values, expected[i] as Values, { relative: epsilon, absolute: epsilon });
    policy[0]!.assign(tf.zerosLike(policy[0]! as tf.Tensor));
    expectClose((await read(reference[0])) as Values, expected[0] as Values, { relative: epsilon, absolute: epsilon });
  });

  it.each(golden.bema.map((record) => [JSON.stringify(record.options), record] as const))(
    "is TRL's BEMA, %s",
    async (_, { options, updates }) => {
      const camel = Object.fromEntries(
        Object.entries(options).map(([key, value]) => [key.replace(/_(.)/g, (__, c: string) => c.toUpperCase()), value]),
      ) as BemaOptions;
      const policy = variables(golden.start);
      const reference = frozenCopy(policy);
      const before = liveTensors();
      const bema = new Bema(policy, camel);
      for (const [i, expected] of updates.entries()) {
        tf.tidy(() => {
          policy.forEach((w, n) => {
            w.assign(tf.add(w as tf.Tensor, tf.tensor(golden.gradients[i]![n]!)));
          });
        });
        bema.update(i + 1, reference);
        for (const [n, w] of reference.entries())
          expectClose((await read(w)) as Values, expected[n] as Values, { relative: 8 * epsilon, absolute: 8 * epsilon });
      }
      bema.dispose();
      expect(liveTensors()).toBe(before);
    },
  );

  it('can be saved, and goes on', async () => {
    const policy = variables(golden.start);
    const [one, other] = [frozenCopy(policy), frozenCopy(policy)];
    const bema = new Bema(policy);
    policy[0]!.assign(tf.zerosLike(policy[0]! as tf.Tensor));
    bema.update(1, one);
    const again = new Bema(policy);
    await loadCheckpoint(await saveCheckpoint({ policy: bema.variables }), { policy: again.variables });
    policy[1]!.assign(tf.onesLike(policy[1]! as tf.Tensor));
    bema.update(2, one);
    again.update(2, other);
    for (const [i, w] of one.entries()) expect(await read(other[i])).toEqual(await read(w));
    bema.dispose();
    again.dispose();
  });

  it('has to fit', () => {
    const policy = variables(golden.start);
    expectError(() => { syncReference(policy.slice(1), policy); }, RangeError, 'syncReference: reference has 1 variables, expected 2 like policy'); // prettier-ignore
    expectError(() => { syncReference([...policy].reverse(), policy); }, RangeError, `syncReference: reference[0] has shape [2], expected [2, 3] like ${policy[0]!.name}`); // prettier-ignore
    expectError(() => { syncReference(policy, policy, { alpha: 1.5 }); }, RangeError, 'syncReference: alpha must be in [0, 1], got 1.5'); // prettier-ignore
    expectError(() => { syncReference(policy, policy, { alfa: 1 } as never); }, RangeError, 'syncReference: unknown option alfa, expected alpha'); // prettier-ignore
    const options: readonly [keyof BemaOptions, string][] = [
      ['emaPower', 'finite and >= 0'],
      ['biasPower', 'finite and >= 0'],
      ['lag', 'finite and > 0'],
      ['multiplier', 'finite and > 0'],
      ['minEmaMultiplier', 'in [0, 1]'],
    ];
    for (const [name, words] of options)
      expectError(() => new Bema(policy, { [name]: -1 }), RangeError, `Bema: ${name} must be ${words}, got -1`);
    expectError(() => new Bema(policy, { power: 1 } as never), RangeError, 'Bema: unknown option power, expected emaPower, biasPower, lag, multiplier, minEmaMultiplier'); // prettier-ignore
    const bema = new Bema(policy);
    expectError(() => { bema.update(-1, policy); }, RangeError, 'Bema: step must be an integer >= 0, got -1'); // prettier-ignore
    bema.dispose();
  });
});

describe.skipIf(isArrays)('checkpoints', () => {
  const lossOf = (weights: readonly tf.Variable[]) => () =>
    ops.mean(tf.square(tf.sub(tf.concat(weights.map((w) => tf.reshape(w, [-1]))), 1))) as tf.Scalar;
  const train = (weights: readonly tf.Variable[], optimizer: tf.Optimizer, steps: number) => {
    for (let i = 0; i < steps; i++) optimizer.minimize(lossOf(weights), false, [...weights]);
  };

  it('go on bit for bit, in variables of other names', async () => {
    const policy = variables(golden.start);
    const optimizer = new AdamW({ learningRate: 0.1 });
    train(policy, optimizer, 3);
    const before = liveTensors();
    const saving = saveCheckpoint({ policy, optimizer }, { step: 3, place: [1, 'é'] });
    // What comes after the call is not in it.
    train(policy, optimizer, 4);
    const bytes = await saving;
    expect(liveTensors()).toBe(before);

    const again = variables(golden.gradients[0]!);
    const other = new AdamW({ learningRate: 0.1 });
    expect(await loadCheckpoint(bytes, { policy: again, optimizer: other })).toEqual({ step: 3, place: [1, 'é'] });
    train(again, other, 4);
    for (const [i, w] of policy.entries()) expect(await read(again[i])).toEqual(await read(w));
    // As many as the first pair of variables and moments has.
    const held = liveTensors();
    expect(await loadCheckpoint(bytes, { policy: again, optimizer: other })).toMatchObject({ step: 3 });
    expect(liveTensors()).toBe(held);
    optimizer.dispose();
    other.dispose();
  });

  it('are read from a Buffer, whose slices share its memory', async () => {
    class Shared extends Uint8Array {
      override slice(start?: number, end?: number) {
        return super.subarray(start, end);
      }
    }
    const [policy, again] = [variables(golden.start), variables(golden.gradients[0]!)];
    await loadCheckpoint(new Shared(await saveCheckpoint({ policy })), { policy: again });
    for (const [i, w] of policy.entries()) expect(await read(again[i])).toEqual(await read(w));
  });

  it('take the policy alone, whole numbers and conditions, and optimizers of tfjs', async () => {
    const policy = [tf.variable(tf.tensor1d([1, 2], 'int32')), tf.variable(tf.tensor1d([1, 0, 1], 'bool')), tf.variable(tf.scalar(0.1))];
    const bytes = await saveCheckpoint({ policy });
    const again = [tf.variable(tf.tensor1d([0, 0], 'int32')), tf.variable(tf.tensor1d([0, 0, 0], 'bool')), tf.variable(tf.scalar(0))];
    expect(await loadCheckpoint(bytes, { policy: again })).toEqual({});
    for (const [i, w] of policy.entries()) expect(await read(again[i])).toEqual(await read(w));

    const [one, two] = [variables([[1]]), variables([[2]])];
    const [a, b] = [tf.train.momentum(0.1, 0.5), tf.train.momentum(0.1, 0.5)];
    train(one, a, 2);
    await loadCheckpoint(await saveCheckpoint({ policy: one, optimizer: a }), { policy: two, optimizer: b });
    train(one, a, 2);
    train(two, b, 2);
    expect(await read(two[0])).toEqual(await read(one[0]));
    a.dispose();
    b.dispose();
  });

  it('are of one kind of optimizer, and of kinds of tensors that files have', async () => {
    const policy = variables([[1]]);
    const [adamW, momentum] = [new AdamW(), tf.train.momentum(0.1, 0.5)];
    train(policy, momentum, 1);
    const bytes = await saveCheckpoint({ policy, optimizer: momentum });
    await expect(loadCheckpoint(bytes, { policy, optimizer: adamW })).rejects.toThrow(
      'loadCheckpoint: the optimizer of the checkpoint is Momentum, expected AdamW',
    );
    await expect(loadCheckpoint(bytes, { policy })).rejects.toThrow('the optimizer of the checkpoint is Momentum, expected none');
    const words = [tf.variable(tf.tensor1d(['a']))];
    const before = liveTensors();
    await expect(saveCheckpoint({ policy: words, optimizer: adamW })).rejects.toThrow(
      'saveCheckpoint: a tensor has dtype string, expected float32 or int32 or bool',
    );
    expect(liveTensors()).toBe(before);
    adamW.dispose();
    momentum.dispose();
  });

  it('are safetensors files', async () => {
    const bytes = await saveCheckpoint({ policy: [tf.variable(tf.tensor2d([[1, 2]]), true, 'weights of a test')] }, { step: 1 });
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    expect(JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)))).toEqual({
      __metadata__: { format: 'prefloss checkpoint 1', names: '["weights of a test"]', state: '{"step":1}' },
      'policy.0': { dtype: 'F32', shape: [1, 2], data_offsets: [0, 8] },
    });
    expect(Array.from(new Float32Array(bytes.slice(8 + length).buffer))).toEqual([1, 2]);
  });

  it('say what is wrong, and change nothing then', async () => {
    const policy = variables(golden.start);
    const bytes = await saveCheckpoint({ policy });
    const other = variables([golden.start[0]!, [7, 8, 9]]); // prettier-ignore
    const cases: (readonly [Uint8Array, Parameters<typeof loadCheckpoint>[1], string | RegExp])[] = [
      [bytes.subarray(0, 5), { policy }, 'loadCheckpoint: there are 5 bytes, expected 8: the checkpoint was cut short'],
      [bytes.subarray(0, 20), { policy }, /^loadCheckpoint: there are 20 bytes, expected \d+: the checkpoint was cut short$/],
      [
        bytes.subarray(0, -1),
        { policy },
        `loadCheckpoint: there are ${bytes.length - 1} bytes, expected ${bytes.length}: the checkpoint was cut short`,
      ],
      [new TextEncoder().encode('not a checkpoint'), { policy }, 'loadCheckpoint: bytes are no checkpoint of saveCheckpoint'],
      [new Uint8Array(16).fill(2, 0, 1), { policy }, 'loadCheckpoint: bytes are no checkpoint of saveCheckpoint'],
      [bytes, { policy: policy.slice(1) }, 'loadCheckpoint: the checkpoint is of 2 variables, expected 1 like policy'],
      [
        bytes,
        { policy: other },
        `loadCheckpoint: variable 1, ${policy[1]!.name}, is F32 [2] in the checkpoint, expected F32 [3] like ${other[1]!.name}`,
      ],
      [bytes, { policy, optimizer: tf.train.sgd(1) }, 'loadCheckpoint: the optimizer of the checkpoint is none, expected SGD'],
      [undefined as never, { policy }, 'loadCheckpoint: bytes is undefined, expected a Uint8Array'],
    ];
    // Whole files with headers that are not.
    const start = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
    const header = new TextDecoder().decode(bytes.subarray(8, start));
    for (const [from, to] of [
      ['prefloss checkpoint 1', 'prefloss checkpoint 2'],
      ['"policy.1"', '"policy.7"'],
      ['"names"', '"nomes"'],
      ['"data_offsets":[0,', '"data_offsets":[4,'],
      ['F32', 'F99'],
      [header, 'null'.padEnd(header.length)],
    ] as const) {
      const changed = bytes.slice();
      changed.set(new TextEncoder().encode(header.replace(from, to)), 8);
      expect(changed).not.toEqual(bytes);
      cases.push([changed, { policy }, 'loadCheckpoint: bytes are no checkpoint of saveCheckpoint']);
    }
    const whole = policy.map(({ shape }) => tf.variable(tf.zeros(shape, 'int32')));
    cases.push([bytes, { policy: whole }, /expected I32 \[2, 3\] like/]);
    for (const [given, parts, message] of cases) await expect(loadCheckpoint(given, parts)).rejects.toThrow(message);
    expect(await read(other[1])).toEqual([7, 8, 9]);
    // From a view into a larger buffer, as Node.js reads files.
    const view = new Uint8Array(bytes.length + 3).subarray(3);
    view.set(bytes);
    expect(await loadCheckpoint(view, { policy })).toEqual({});
  });
});
