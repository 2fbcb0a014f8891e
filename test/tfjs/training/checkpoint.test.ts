import * as tf from '@tensorflow/tfjs';
import { describe, expect, it, vi } from 'vitest';
import { AdamW, loadCheckpoint, ops, saveCheckpoint } from '../../../src/index.js';
import versions from './checkpoints.json' with { type: 'json' };
import golden from './training.json' with { type: 'json' };
import { expectClose, type Values } from '../../../src/testing/index.js';
import { edited, fileOf, parts, stateOf, type Header } from '../../support/checkpoints.js';
import { epsilon, liveTensors, read, isTfjs } from '../../support/engine.js';
import { variables } from '../../support/variables.js';

describe.runIf(isTfjs)('saveCheckpoint and loadCheckpoint', () => {
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
    await expect(saveCheckpoint({ policy, optimizer: adamax })).rejects.toThrow(
      new TypeError('saveCheckpoint: optimizer is Adamax, which TensorFlow.js cannot save, expected AdamW or another of tf.train'),
    );
    const unsaved = vi.spyOn(adam, 'getWeights').mockRejectedValue(new Error('not saved'));
    await expect(saveCheckpoint({ policy, optimizer: adam })).rejects.toThrow('not saved');
    unsaved.mockRestore();
    adam.setWeights = () => Promise.reject(new Error('refused'));
    await expect(loadCheckpoint(bytes, { policy, optimizer: adam })).rejects.toThrow('refused');
    expect(liveTensors()).toBe(before);
    train(policy, adam, 1);
    adamax.dispose();
    adam.dispose();
  });

  // A file of each version of the format, as the library of that time wrote it.
  it.each(Object.entries(versions))('load a file of version %s', async (_, base64) => {
    const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
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
      __metadata__: {
        format: 'prefloss checkpoint 2',
        paths: '["[0]"]',
        names: '["weights of a test"]',
        state: '{"step":1}',
        checksum: '3bbf281e',
      },
      'policy.0': { dtype: 'F32', shape: [1, 2], data_offsets: [0, 8] },
    });
    expect(Array.from(new Float32Array(bytes.slice(8 + length).buffer))).toEqual([1, 2]);
  });

  it('name parts that are none', async () => {
    const policy = variables([[1]]);
    const bytes = await saveCheckpoint({ policy });
    const cases = [
      [undefined, 'parts is undefined, expected { policy, optimizer }'],
      [policy, 'parts is a list, expected { policy, optimizer }'],
      [{ policy, optimizer: {} }, 'optimizer is a value of type Object, expected an optimizer of TensorFlow.js'],
      [{ policy, optimizer: null }, 'optimizer is null, expected an optimizer of TensorFlow.js'],
    ] as [never, string][];
    for (const [given, message] of cases) {
      await expect(saveCheckpoint(given)).rejects.toThrow(new TypeError(`saveCheckpoint: ${message}`));
      await expect(loadCheckpoint(bytes, given)).rejects.toThrow(new TypeError(`loadCheckpoint: ${message}`));
    }
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
    const whole = policy.map(({ shape }) => tf.variable(tf.zeros(shape, 'int32')));
    cases.push([bytes, { policy: whole }, /expected I32 \[2, 3\] like/]);
    for (const [given, parts, message] of cases) await expect(loadCheckpoint(given, parts)).rejects.toThrow(message);
    expect(await read(other[1])).toEqual([7, 8, 9]);
    // From a view into a larger buffer, as Node.js reads files.
    const view = new Uint8Array(bytes.length + 3).subarray(3);
    view.set(bytes);
    expect(await loadCheckpoint(view, { policy })).toEqual({});
  });

  describe('of a trained AdamW', () => {
    const trained = async () => {
      const policy = variables(golden.start);
      const optimizer = new AdamW({ learningRate: 0.1 });
      train(policy, optimizer, 3);
      return { policy, optimizer, bytes: await saveCheckpoint({ policy, optimizer }, { step: 3 }) };
    };
    const changed = (name: string, change: Partial<Header[string]>) => (header: Header) => {
      Object.assign(header[name]!, change);
    };
    const metadata = (change: Record<string, unknown>) => (header: Header) => {
      Object.assign(header.__metadata__, change);
    };
    const names = (header: Header) => JSON.parse(header.__metadata__.optimizerNames!) as string[];
    const renamed = (i: number, name: (owner: string) => string) => (header: Header) => {
      const list = names(header);
      list[i] = name(list[i]!.split('/')[0]!);
      header.__metadata__.optimizerNames = JSON.stringify(list);
    };
    const no = 'loadCheckpoint: bytes is not a checkpoint from saveCheckpoint: ';
    const long = `${'a'.repeat(200)}...`;
    const of = 'loadCheckpoint: the optimizer of the checkpoint has ';
    // policy.0 is F32 [2, 3], policy.1 F32 [2]; the optimizer has iter, then m, v and t of each.
    const cases: [string, Parameters<typeof edited>[1], string | RegExp][] = [
      ['offsets that are strings', changed('policy.0', { data_offsets: ['0', '24'] }), `${no}policy.0 has data_offsets ["0","24"], expected two integers >= 0, 24 bytes apart`], // prettier-ignore
      ['offsets of the last tensor that are strings', changed('policy.1', { data_offsets: ['24', '32'] }), `${no}policy.1 has data_offsets ["24","32"]`], // prettier-ignore
      ['an offset below 0', changed('policy.0', { data_offsets: [-24, 0] }), `${no}policy.0 has data_offsets [-24,0]`],
      ['an offset with a fraction', changed('policy.0', { data_offsets: [0.5, 24.5] }), `${no}policy.0 has data_offsets [0.5,24.5]`],
      ['offsets beyond safe integers', changed('policy.0', { data_offsets: [2 ** 53, 2 ** 53 + 24] }), `${no}policy.0 has data_offsets`],
      ['one offset', changed('policy.0', { data_offsets: [24] }), `${no}policy.0 has data_offsets [24]`],
      ['three offsets', changed('policy.0', { data_offsets: [0, 24, 24] }), `${no}policy.0 has data_offsets [0,24,24]`],
      ['no offsets', changed('policy.0', { data_offsets: undefined }), `${no}policy.0 has data_offsets undefined`],
      ['long offsets', changed('policy.0', { data_offsets: Array<number>(99).fill(0) }), /^.{60,200}$/],
      ['tensors that overlap', changed('policy.1', { data_offsets: [16, 24] }), `${no}policy.1 begins at byte 16, expected 24: tensors overlap`], // prettier-ignore
      ['a gap', (header, data) => { header['optimizer.6']!.data_offsets = [106, 110]; return new Uint8Array([...data, 0, 0]); }, /optimizer.6 begins at byte 106, expected 104: tensors leave a gap$/], // prettier-ignore
      ['bytes that follow', (_, data) => new Uint8Array([...data, 0]), /^loadCheckpoint: bytes has length \d+, expected \d+: something follows the checkpoint$/], // prettier-ignore
      ['data that is cut short', (_, data) => data.subarray(0, -1), /^loadCheckpoint: bytes has length \d+, expected at least \d+: the checkpoint is cut short$/], // prettier-ignore
      ['another entry', (header) => { header.more = { dtype: 'F32', shape: [0], data_offsets: [0, 0] }; }, `${no}it has "more", expected 2 tensors of the policy and 7 of the optimizer`], // prettier-ignore
      ['another entry with bad offsets', (header) => { header.more = { dtype: 'F32', shape: [0], data_offsets: [0, 'x'] }; }, `${no}more has data_offsets [0,"x"]`], // prettier-ignore
      ['an entry that is null', (header) => { header['policy.0'] = null as never; }, `${no}policy.0 has dtype undefined, expected F32 or I32 or BOOL`], // prettier-ignore
      ['a missing entry', (header) => { header['policy.7'] = header['policy.1']!; delete header['policy.1']; }, `${no}it has no policy.1`], // prettier-ignore
      ['a shape below 0', changed('policy.0', { shape: [-2, -3] }), `${no}policy.0 has shape [-2,-3], expected a list of integers >= 0`],
      ['a shape of strings', changed('policy.0', { shape: ['2', 3] }), `${no}policy.0 has shape ["2",3]`],
      ['a shape that is no list', changed('policy.0', { shape: 6 }), `${no}policy.0 has shape 6`],
      ['a huge shape', changed('policy.0', { shape: [2 ** 52, 2 ** 52] }), `${no}policy.0 has data_offsets [0,24]`],
      [
        'another dtype of that size',
        changed('policy.0', { dtype: 'I32' }),
        /is I32 \[2, 3\] in the checkpoint, expected F32 \[2, 3\] like/,
      ],
      ['an unknown dtype', changed('policy.0', { dtype: 'F64' }), `${no}policy.0 has dtype "F64", expected F32 or I32 or BOOL`],
      ['no metadata', (header) => { delete (header as Partial<Header>).__metadata__; }, `${no}its format is undefined, expected "prefloss checkpoint 2"`], // prettier-ignore
      ['metadata that is a list', (header) => { header.__metadata__ = [] as never; }, `${no}__metadata__ is [], expected a record of strings`], // prettier-ignore
      ['metadata with a number', metadata({ step: 3 }), `${no}__metadata__ is {`],
      ['another format', metadata({ format: 'another' }), `${no}its format is "another", expected "prefloss checkpoint 2"`],
      ['version 0', metadata({ format: 'prefloss checkpoint 0' }), `${no}its format is "prefloss checkpoint 0"`],
      ['a later version', metadata({ format: 'prefloss checkpoint 3' }), 'loadCheckpoint: bytes has format version 3, expected at most 2: a later version of prefloss wrote it'], // prettier-ignore
      ['version 2 without a checksum', metadata({ format: 'prefloss checkpoint 2' }), /^loadCheckpoint: bytes has checksum [0-9a-f]{8}, expected undefined as it says: the checkpoint is damaged$/], // prettier-ignore
      ['version 1 with a wrong checksum', metadata({ checksum: '00000000' }), 'expected "00000000" as it says: the checkpoint is damaged'],
      ['no paths', (header) => { delete header.__metadata__.paths; }, `${no}it has no paths`], // prettier-ignore
      ['paths that are no JSON', metadata({ paths: '[' }), `${no}paths is not JSON`],
      ['paths of numbers', metadata({ paths: '[1,2]' }), `${no}paths is [1,2], expected a list of strings`],
      ['fewer paths than names', metadata({ paths: '["[0]"]' }), `${no}paths has length 1, expected 2 like names`],
      ['a path twice', metadata({ paths: '["[0]","[0]"]' }), `${no}paths holds "[0]" twice`],
      ['a name twice', metadata({ names: '["a","a"]' }), `${no}names holds "a" twice`],
      ['a state that is a list', metadata({ state: '[]' }), `${no}state is [], expected a record`],
      ['a state nested too deep', metadata({ state: `${'['.repeat(100_000)}${']'.repeat(100_000)}` }), `${no}state is nested too deep, expected a record`], // prettier-ignore
      ['names nested too deep', metadata({ names: `${'['.repeat(100_000)}${']'.repeat(100_000)}` }), `${no}names is nested too deep, expected a list of strings`], // prettier-ignore
      ['a state that is null', metadata({ state: 'null' }), `${no}state is null, expected a record`],
      ['an optimizer without names', (header) => { delete header.__metadata__.optimizerNames; }, `${no}it has no optimizerNames`], // prettier-ignore
      ['names of an optimizer twice', (header) => { metadata({ optimizerNames: JSON.stringify(names(header).fill('a/m', 1)) })(header); }, `${no}optimizerNames holds "a/m" twice`], // prettier-ignore
      ['a moment of an unknown variable', renamed(1, () => 'other/m'), `${of}other/m, expected m or v or t of a variable of policy`],
      ['an unknown moment', renamed(2, (owner) => `${owner}/momentum`), /has .*\/m, but no .*\/v$/],
      [
        'a long path',
        metadata({ paths: JSON.stringify(['a'.repeat(1e6), 'b']) }),
        `variable 0 is policy${long} in the checkpoint, expected policy[0]`,
      ],
      ['a long name of an optimizer', metadata({ optimizer: 'a'.repeat(1e6) }), `loadCheckpoint: the optimizer of the checkpoint is ${long}, expected AdamW`], // prettier-ignore
      ['a long name of a moment', renamed(1, () => `${'a'.repeat(1e6)}/m`), `${of}${long}, expected m or v or t of a variable of policy`],
      ['a state that does not begin with iter', renamed(0, () => 'count'), `${of}count, expected iter`],
      ['a moment of another shape', changed('optimizer.1', { shape: [3, 2] }), /has .*\/m as F32 \[3, 2\], expected F32 \[2, 3\]$/],
      ['a moment of many axes', changed('optimizer.1', { shape: [2, 3, ...Array<number>(1e6).fill(1)] }), /m as F32 \[2, 3, [1, ]{194}\.\.\.\], expected F32 \[2, 3\]$/], // prettier-ignore
      ['a moment of another dtype', changed('optimizer.2', { dtype: 'I32' }), /has .*\/v as I32 \[2, 3\], expected F32 \[2, 3\]$/],
      ['iter of another dtype', changed('optimizer.0', { dtype: 'F32' }), `${of}iter as F32 [], expected I32 []`],
      ['iter with an axis', changed('optimizer.0', { shape: [1] }), `${of}iter as I32 [1], expected I32 []`],
      ['iter below 0', (_, data) => { new DataView(data.buffer).setInt32(32, -1, true); }, `${of}iter = -1, expected an integer >= 0`], // prettier-ignore
      ['fewer tensors of the optimizer', (header) => {
          metadata({ optimizerNames: JSON.stringify(names(header).slice(0, -2)) })(header);
          delete header['optimizer.6'];
          header['optimizer.5'] = { dtype: 'BOOL', shape: [12], data_offsets: [96, 108] };
        }, `${no}it has "optimizer.5"`], // prettier-ignore
    ];
    it.each(cases)('refuse %s, and change nothing', async (_, change, message) => {
      const { policy, optimizer, bytes } = await trained();
      train(policy, optimizer, 1);
      const before = await stateOf(policy, optimizer);
      await expect(loadCheckpoint(edited(bytes, change), { policy, optimizer })).rejects.toThrow(message);
      expect(await stateOf(policy, optimizer)).toEqual(before);
      // The same file without the change.
      expect(await loadCheckpoint(edited(bytes, () => undefined), { policy, optimizer })).toEqual({ step: 3 }); // prettier-ignore
      optimizer.dispose();
    });

    it('refuse headers that are no headers', async () => {
      const { policy, optimizer, bytes } = await trained();
      const { header, data } = parts(bytes);
      const json = JSON.stringify(header);
      const deep = '['.repeat(100_000) + ']'.repeat(100_000);
      const files: [Uint8Array, string][] = [
        [fileOf(json, data, 2n ** 63n), `${no}its header has 9223372036854775808 bytes, expected at most 100000000`],
        [fileOf(json, data, 100_000_001n), `${no}its header has 100000001 bytes, expected at most 100000000`],
        [fileOf(json, data, 99_999_999n), 'loadCheckpoint: bytes has length'],
        [fileOf('null', data), `${no}the header is null, expected a record`],
        [fileOf('[]', data), `${no}the header is [], expected a record`],
        [fileOf(json.slice(0, -1), data), `${no}the header is not JSON`],
        [fileOf(new Uint8Array([0x7b, 0xff, 0x7d]), data), `${no}the header is not UTF-8`],
        [fileOf('['.repeat(1_000_000), data), `${no}the header is not JSON`],
        // Nesting at which JSON.stringify runs out of stack.
        ...(
          [
            [deep, 'the header is nested too deep, expected a record'],
            [`{"__metadata__":${deep}}`, '__metadata__ is nested too deep, expected a record of strings'],
            [`{"a":{"dtype":${deep}}}`, 'a has dtype nested too deep, expected F32 or I32 or BOOL'],
            [`{"a":{"dtype":"F32","shape":${deep}}}`, 'a has shape nested too deep, expected a list of integers >= 0'],
            [`{"a":{"dtype":"F32","shape":[],"data_offsets":${deep}}}`, 'a has data_offsets nested too deep, expected two integers >= 0, 4 bytes apart'], // prettier-ignore
            [`{"${'a'.repeat(1_000_000)}":1}`, `${'a'.repeat(200)}... has dtype undefined`],
          ] as const
        ).map(([text, message]): [Uint8Array, string] => [fileOf(text, new Uint8Array(0)), no + message]),
        // Of an entry that is given twice, the last counts, so that the bytes of the first belong to nothing.
        [fileOf(json.replace('{', '{"policy.0":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},').replace('[0,24]', '[4,28]'), data), `${no}policy.0 begins at byte 4, expected 0: tensors leave a gap`], // prettier-ignore
      ];
      const before = await stateOf(policy, optimizer);
      for (const [file, message] of files) await expect(loadCheckpoint(file, { policy, optimizer })).rejects.toThrow(message);
      expect(await stateOf(policy, optimizer)).toEqual(before);
      expect(await loadCheckpoint(fileOf(`${json}   `, data), { policy, optimizer })).toEqual({ step: 3 });
      optimizer.dispose();
    });

    it('refuse a shape that has changed, of the same size', async () => {
      const policy = variables([[[1, 2]]]); // prettier-ignore
      const { header, data } = parts(await saveCheckpoint({ policy }));
      const changed = fileOf(JSON.stringify(header).replace('"shape":[1,2]', '"shape":[2,1]'), data);
      await expect(loadCheckpoint(changed, { policy: variables([[[1], [2]]]) })).rejects.toThrow('the checkpoint is damaged');
    });

    it('refuse a file in which any one bit is flipped', async () => {
      const { policy, optimizer, bytes } = await trained();
      const before = await stateOf(policy, optimizer);
      for (let at = 0; at < bytes.length; at++) {
        // A bit of each byte, another one each time.
        bytes[at]! ^= 1 << (at % 7);
        const loading = loadCheckpoint(bytes, { policy, optimizer });
        await loading.then(
          () => { throw new Error(`byte ${at} was not noticed`); }, // prettier-ignore
          (error: unknown) => { expect((error as Error).message).toMatch(/^loadCheckpoint: /); }, // prettier-ignore
        );
        bytes[at]! ^= 1 << (at % 7);
      }
      expect(await stateOf(policy, optimizer)).toEqual(before);
      optimizer.dispose();
    });

    it.each([
      ['AdamW', () => new AdamW({ learningRate: 0.1 })],
      ['tf.train.momentum', () => tf.train.momentum(0.1, 0.5)],
      ['tf.train.adam', () => tf.train.adam(0.1)],
      ['tf.train.rmsprop', () => tf.train.rmsprop(0.1)],
    ] as [string, () => tf.Optimizer][])('with %s replace all at one moment, whatever happens before it', async (_, make) => {
      const policy = variables(golden.start);
      const optimizer = make();
      const bytesAfter = async (steps: number) => {
        train(policy, optimizer, steps);
        return saveCheckpoint({ policy, optimizer });
      };
      const [early, late] = [await bytesAfter(2), await bytesAfter(3)];
      // What a load gives, and each of the steps after it.
      const after = async (bytes: Uint8Array) => {
        await loadCheckpoint(bytes, { policy, optimizer });
        const states = [await stateOf(policy, optimizer)];
        for (let i = 0; i < 3; i++) {
          train(policy, optimizer, 1);
          states.push(await stateOf(policy, optimizer));
        }
        return states;
      };
      const [afterEarly, afterLate] = [await after(early), await after(late)];
      // Steps between all turns of the event loop, also right after the load, while `bytes` is overwritten.
      const overwritten = new Uint8Array(early);
      const loaded: unknown[] = [];
      const loading = loadCheckpoint(overwritten, { policy, optimizer }).then((state) => loaded.push(state));
      overwritten.fill(0);
      while (loaded.length === 0) {
        train(policy, optimizer, 1);
        for (let turns = 0; turns < 3; turns++) await Promise.resolve();
      }
      await loading;
      expect(afterEarly).toContainEqual(await stateOf(policy, optimizer));
      // Two loads at a time: one of them wins as a whole.
      await Promise.all([early, late].map(async (bytes) => loadCheckpoint(bytes, { policy, optimizer })));
      expect([afterEarly[0], afterLate[0]]).toContainEqual(await stateOf(policy, optimizer));
      optimizer.dispose();
    });

    it('change nothing if a variable is disposed, or the optimizer refuses, while they load', async () => {
      const { policy, optimizer, bytes } = await trained();
      train(policy, optimizer, 1);
      const kept = policy.slice(1);
      const loading = loadCheckpoint(bytes, { policy, optimizer });
      const state = stateOf(kept, optimizer);
      policy[0]!.dispose();
      await expect(loading).rejects.toThrow(`loadCheckpoint: policy[0], ${policy[0]!.name}, is disposed`);
      const [before, after] = [(await state) as object, (await stateOf(kept, optimizer)) as object];
      expect({ ...after, tensors: 0 }).toEqual({ ...before, tensors: 0 });
      optimizer.dispose();
    });
  });

  it('refuse the state of an optimizer that cannot be loaded again', async () => {
    const [w, other] = variables([[1], [2]]);
    const adamW = new AdamW();
    train([w!, other!], adamW, 1);
    const before = await stateOf([w!, other!], adamW);
    await expect(saveCheckpoint({ policy: [w!], optimizer: adamW })).rejects.toThrow(
      new RangeError(`saveCheckpoint: the optimizer has ${other!.name}/m, expected m or v or t of a variable of policy`),
    );
    expect(await stateOf([w!, other!], adamW)).toEqual(before);
    // The optimizers of tfjs keep their state by place, and name a place after its first variable.
    const momentum = tf.train.momentum(0.1, 0.5);
    for (const trained of [[other!], [w!, other!]]) train(trained, momentum, 1);
    await expect(saveCheckpoint({ policy: [w!, other!], optimizer: momentum })).rejects.toThrow(
      new RangeError(`saveCheckpoint: the optimizer has ${other!.name}/momentum twice`),
    );
    const [plain, centered] = [tf.train.rmsprop(0.1), tf.train.rmsprop(0.1, 0.9, 0, 1e-7, true)];
    train([w!], plain, 1);
    await expect(
      loadCheckpoint(await saveCheckpoint({ policy: [w!], optimizer: plain }), { policy: [w!], optimizer: centered }),
    ).rejects.toThrow(new RangeError(`loadCheckpoint: the optimizer of the checkpoint has ${w!.name}/rms, but no ${w!.name}/mg`));
    for (const optimizer of [adamW, momentum, plain, centered]) optimizer.dispose();
  });

  it('leave the state of another optimizer to its own functions', async () => {
    class Counting extends tf.Optimizer {
      static className = 'Counting';
      values: unknown[] = [];
      override applyGradients(): void {
        this.incrementIterations();
      }
      override getConfig() {
        return {};
      }
      override getWeights() {
        return Promise.resolve([{ name: 'a/b', tensor: tf.tensor1d([1, 2]) }]);
      }
      override async setWeights(state: { name: string; tensor: tf.Tensor }[]): Promise<void> {
        this.values = await Promise.all(state.map(async ({ name, tensor }) => [name, await read(tensor)]));
      }
    }
    const [policy, optimizer] = [variables([[1]]), new Counting()];
    const before = liveTensors();
    await loadCheckpoint(await saveCheckpoint({ policy, optimizer }), { policy, optimizer });
    expect([optimizer.values, liveTensors()]).toEqual([[['a/b', [1, 2]]], before]);
  });
});
