import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { AdamW, loadCheckpoint, ops, saveCheckpoint } from '../../../src/index.js';
import oneCount from './oneCountCheckpoint.json' with { type: 'json' };
import golden from './training.json' with { type: 'json' };
import { expectClose, type Values } from '../../../src/testing/index.js';
import { epsilon, isArrays, liveTensors, read } from '../../support/engine.js';
import { variables } from '../../support/variables.js';

describe.skipIf(isArrays)('saveCheckpoint and loadCheckpoint', () => {
  const lossOf = (weights: readonly tf.Variable[]) => () =>
    ops.mean(tf.square(tf.sub(tf.concat(weights.map((w) => tf.reshape(w, [-1]))), 1))) as tf.Scalar;
  const train = (weights: readonly tf.Variable[], optimizer: tf.Optimizer, steps: number) => {
    for (let i = 0; i < steps; i++) optimizer.minimize(lossOf(weights), false, [...weights]);
  };

  it('resume training bit for bit, in variables with other names', async () => {
    const policy = variables(golden.start);
    const optimizer = new AdamW({ learningRate: 0.1 });
    train(policy, optimizer, 3);
    const before = liveTensors();
    const state = { step: 3, place: [1, 'é'] };
    const saving = saveCheckpoint({ policy, optimizer }, state);
    // Changes after the call are not saved.
    state.step = 4;
    train(policy, optimizer, 4);
    const bytes = await saving;
    expect(liveTensors()).toBe(before);

    const again = variables(golden.gradients[0]!);
    const other = new AdamW({ learningRate: 0.1 });
    expect(await loadCheckpoint(bytes, { policy: again, optimizer: other })).toEqual({ step: 3, place: [1, 'é'] });
    train(again, other, 4);
    for (const [i, w] of policy.entries()) expect(await read(again[i])).toEqual(await read(w));
    // Loading again replaces tensors and adds none.
    const held = liveTensors();
    expect(await loadCheckpoint(bytes, { policy: again, optimizer: other })).toMatchObject({ step: 3 });
    expect(liveTensors()).toBe(held);
    optimizer.dispose();
    other.dispose();
  });

  it('read from a Buffer, whose slices share its memory', async () => {
    class Shared extends Uint8Array {
      override slice(start?: number, end?: number) {
        return super.subarray(start, end);
      }
    }
    const [policy, again] = [variables(golden.start), variables(golden.gradients[0]!)];
    await loadCheckpoint(new Shared(await saveCheckpoint({ policy })), { policy: again });
    for (const [i, w] of policy.entries()) expect(await read(again[i])).toEqual(await read(w));
  });

  it('handle a policy without an optimizer, int32 and bool variables, and optimizers of tfjs', async () => {
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

  // tfjs's own `setWeights` frees none of the variables that it replaces.
  const optimizers: readonly [string, () => tf.Optimizer][] = [
    ['AdamW', () => new AdamW()],
    ['tf.train.sgd', () => tf.train.sgd(0.1)],
    ['tf.train.momentum', () => tf.train.momentum(0.1, 0.5)],
    ['tf.train.rmsprop', () => tf.train.rmsprop(0.1)],
    ['tf.train.rmsprop, centered', () => tf.train.rmsprop(0.1, 0.9, 0, 1e-7, true)],
    ['tf.train.adagrad', () => tf.train.adagrad(0.1)],
    ['tf.train.adadelta', () => tf.train.adadelta(0.1)],
    ['tf.train.adam', () => tf.train.adam(0.1)],
  ];
  it.each(optimizers)('keep the number of tensors with %s', async (_, make) => {
    const [policy, fresh] = [variables(golden.start), variables(golden.start)];
    const [optimizer, other] = [make(), make()];
    const empty = liveTensors();
    train(policy, optimizer, 2);
    const state = liveTensors() - empty;
    const bytes = await saveCheckpoint({ policy, optimizer });
    expect(liveTensors() - empty).toBe(state);
    train(policy, optimizer, 1);
    for (let i = 0; i < 3; i++) await loadCheckpoint(bytes, { policy, optimizer });
    expect(liveTensors() - empty).toBe(state);
    // Into an optimizer without state, which then has as much.
    await loadCheckpoint(bytes, { policy: fresh, optimizer: other });
    expect(liveTensors() - empty).toBe(2 * state);
    train(policy, optimizer, 2);
    train(fresh, other, 2);
    for (const [i, w] of policy.entries()) expect(await read(fresh[i])).toEqual(await read(w));
    expect(liveTensors() - empty).toBe(2 * state);
    optimizer.dispose();
    other.dispose();
  });

  it('leave no tensor behind if the state of an optimizer cannot be saved or set', async () => {
    const policy = variables([[1]]);
    const [adamax, adam] = [tf.train.adamax(0.1), tf.train.adam(0.1)];
    train(policy, adamax, 1);
    train(policy, adam, 1);
    const bytes = await saveCheckpoint({ policy, optimizer: adam });
    const before = liveTensors();
    await expect(saveCheckpoint({ policy, optimizer: adamax })).rejects.toThrow('getWeights() is not implemented for Adamax yet');
    adam.setWeights = () => Promise.reject(new Error('refused'));
    await expect(loadCheckpoint(bytes, { policy, optimizer: adam })).rejects.toThrow('refused');
    expect(liveTensors()).toBe(before);
    train(policy, adam, 1);
    adamax.dispose();
    adam.dispose();
  });

  it('load AdamW as it was saved with one step count for all variables', async () => {
    const bytes = Uint8Array.from(atob(oneCount.base64), (c) => c.charCodeAt(0));
    const policy = variables(golden.gradients[0]!);
    const optimizer = new AdamW({ learningRate: 0.1 });
    expect(await loadCheckpoint(bytes, { policy, optimizer })).toEqual({ step: 3 });
    expect(optimizer.iterations).toBe(3);
    optimizer.applyGradients(Object.fromEntries(policy.map((w, i) => [w.name, tf.tensor(golden.gradients[3]![i]!)])));
    for (const [i, w] of policy.entries())
      expectClose((await read(w)) as Values, golden.adamW[0]!.steps[3]![i] as Values, { relative: 4 * epsilon, absolute: 4 * epsilon });
    optimizer.dispose();
  });

  it('reject another optimizer, and a dtype that files cannot hold', async () => {
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

  it('use the safetensors format', async () => {
    const bytes = await saveCheckpoint({ policy: [tf.variable(tf.tensor2d([[1, 2]]), true, 'weights of a test')] }, { step: 1 });
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    expect(JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)))).toEqual({
      __metadata__: { format: 'prefloss checkpoint 1', paths: '["[0]"]', names: '["weights of a test"]', state: '{"step":1}' },
      'policy.0': { dtype: 'F32', shape: [1, 2], data_offsets: [0, 8] },
    });
    expect(Array.from(new Float32Array(bytes.slice(8 + length).buffer))).toEqual([1, 2]);
  });

  it('name what is wrong, and then change nothing', async () => {
    const policy = variables(golden.start);
    const bytes = await saveCheckpoint({ policy });
    const other = variables([golden.start[0]!, [7, 8, 9]]); // prettier-ignore
    const cases: (readonly [Uint8Array, Parameters<typeof loadCheckpoint>[1], string | RegExp])[] = [
      [bytes.subarray(0, 5), { policy }, 'loadCheckpoint: bytes has length 5, expected at least 8: the checkpoint is cut short'],
      [bytes.subarray(0, 20), { policy }, /^loadCheckpoint: bytes has length 20, expected at least \d+: the checkpoint is cut short$/],
      [
        bytes.subarray(0, -1),
        { policy },
        `loadCheckpoint: bytes has length ${bytes.length - 1}, expected at least ${bytes.length}: the checkpoint is cut short`,
      ],
      [new TextEncoder().encode('not a checkpoint'), { policy }, 'loadCheckpoint: bytes is not a checkpoint from saveCheckpoint'],
      [new Uint8Array(16).fill(2, 0, 1), { policy }, 'loadCheckpoint: bytes is not a checkpoint from saveCheckpoint'],
      [bytes, { policy: policy.slice(1) }, 'loadCheckpoint: the checkpoint has 2 variables, expected 1 like policy'],
      [
        bytes,
        { policy: other },
        `loadCheckpoint: variable 1, ${policy[1]!.name}, is F32 [2] in the checkpoint, expected F32 [3] like ${other[1]!.name}`,
      ],
      [bytes, { policy, optimizer: tf.train.sgd(1) }, 'loadCheckpoint: the optimizer of the checkpoint is none, expected SGD'],
      [undefined as never, { policy }, 'loadCheckpoint: bytes is undefined, expected a Uint8Array'],
    ];
    // Files of the right length with broken headers.
    const start = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
    const header = new TextDecoder().decode(bytes.subarray(8, start));
    for (const [from, to] of [
      ['prefloss checkpoint 1', 'prefloss checkpoint 2'],
      ['"policy.1"', '"policy.7"'],
      ['"names"', '"nomes"'],
      ['"paths"', '"piths"'],
      ['"data_offsets":[0,', '"data_offsets":[4,'],
      ['F32', 'F99'],
      [header, 'null'.padEnd(header.length)],
    ] as const) {
      const changed = bytes.slice();
      changed.set(new TextEncoder().encode(header.replace(from, to)), 8);
      expect(changed).not.toEqual(bytes);
      cases.push([changed, { policy }, 'loadCheckpoint: bytes is not a checkpoint from saveCheckpoint']);
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
