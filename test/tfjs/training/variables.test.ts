import * as tf from '@tensorflow/tfjs';
import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  AdamW,
  Bema,
  frozenCopy,
  loadCheckpoint,
  saveCheckpoint,
  syncReference,
  valueAndGrads,
  type Variables,
} from '../../../src/index.js';
import { expectError, liveTensors, read, isTfjs } from '../../support/engine.js';
import { variable, variables } from '../../support/variables.js';

/** A model of two normalizations: trained and other variables alternate, and all have the same shape. */
function normalizations(): tf.LayersModel {
  const inner = tf.sequential({ layers: [tf.layers.batchNormalization({ inputShape: [2] })] });
  return tf.sequential({ layers: [inner, tf.layers.batchNormalization({})] });
}

/** Each way to hold variables, with the variables in the order of their paths. */
const containers: [name: string, make: () => Variables, paths: string[]][] = [
  ['one variable', () => variable([1, 2]), ['']],
  ['a list', () => variables([[1, 2], [3]]), ['[0]', '[1]']], // prettier-ignore
  ['a record', () => ({ head: variable([1, 2]), body: variable([3]) }), ['.body', '.head']],
  [
    'a nested record',
    () => ({ blocks: [{ weight: variable([1, 2]), bias: variable([3]) }], head: variable(4) }),
    ['.blocks[0].bias', '.blocks[0].weight', '.head'],
  ],
  [
    'a tf.LayersModel',
    normalizations,
    [0, 1].flatMap((i) => [0, 1, 2, 3].map((n) => `.layers[${i}]${i === 0 ? '.layers[0]' : ''}.weights[${n}]`)),
  ],
  [
    'a record with a model',
    () => ({ model: normalizations().layers[0] as tf.LayersModel, head: variable([1]) }),
    ['.head', ...[0, 1, 2, 3].map((n) => `.model.layers[0].weights[${n}]`)],
  ],
];

/** The variables of a container in the order of their paths, found independently of the library. */
function flat(container: Variables): tf.Variable[] {
  if (container instanceof tf.Variable) return [container];
  if (container instanceof tf.LayersModel) return container.layers.flatMap((layer) => (layer instanceof tf.LayersModel ? flat(layer) : (layer.getWeights() as tf.Variable[]))); // prettier-ignore
  if (Array.isArray(container)) return container.flatMap(flat);
  return Object.entries(container as Record<string, Variables>)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, part]) => flat(part));
}

/** Sets every variable to values of its own. */
function fill(container: Variables, start: number): void {
  tf.tidy(() => {
    flat(container).forEach((v, i) => {
      v.assign(tf.add(tf.zeros(v.shape), start + i));
    });
  });
}

const valuesOf = async (container: Variables): Promise<unknown[]> => Promise.all(flat(container).map(async (v) => read(v)));

const namesOf = (weights: readonly tf.Tensor[]): string[] => weights.map((v) => (v as tf.Variable).name);

const dispose = (container: Variables): void => {
  for (const v of flat(container)) v.dispose();
};

describe.runIf(isTfjs)('containers of variables', () => {
  it.each(containers)('%s: frozenCopy keeps its values and its shape, and syncReference updates it', async (_, make, paths) => {
    const policy = make();
    fill(policy, 1);
    const before = liveTensors();
    const reference = frozenCopy(policy);
    expect(liveTensors() - before).toBe(paths.length);
    const copied = await valuesOf(reference);
    expect(copied).toEqual(await valuesOf(policy));
    expect(flat(reference).some((v) => v.trainable)).toBe(false);
    fill(policy, 11);
    expect(await valuesOf(reference)).toEqual(copied);
    syncReference(reference, policy);
    expect(await valuesOf(reference)).toEqual(await valuesOf(policy));
    dispose(reference);
    expect(liveTensors()).toBe(before);
  });

  it.each(containers)('%s: valueAndGrads returns gradients by the name of each variable that is trained', async (_, make) => {
    const policy = make();
    fill(policy, 1);
    const trained = flat(policy).filter((v) => v.trainable);
    // Not `tf.addN`, whose operands a GPU limits.
    const lossOf = () => ({ loss: flat(policy).reduce((total, v) => tf.add(total, tf.sum(tf.square(v))), tf.scalar(0)) });
    const { loss, grads } = valueAndGrads(lossOf, policy);
    expect(Object.keys(grads).sort()).toEqual(namesOf(trained).sort());
    for (const v of trained) expect(await read(grads[v.name])).toEqual(await read(tf.mul(2, v as tf.Tensor)));
    const optimizer = new AdamW();
    optimizer.applyGradients(grads);
    optimizer.dispose();
    tf.dispose([loss, grads]);
  });

  it.each(containers)('%s: a checkpoint is restored, and names each variable by its path', async (_, make, paths) => {
    const [policy, again] = [make(), make()];
    fill(policy, 1);
    fill(again, 11);
    const bytes = await saveCheckpoint({ policy });
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as { __metadata__: { paths: string } };
    expect(JSON.parse(header.__metadata__.paths)).toEqual(paths);
    await loadCheckpoint(bytes, { policy: again });
    expect(await valuesOf(again)).toEqual(await valuesOf(policy));
  });

  it.each(containers)('%s: Bema updates a target of the same shape', async (_, make) => {
    const policy = make();
    fill(policy, 1);
    const target = frozenCopy(policy);
    const bema = new Bema(policy, { emaPower: 0, biasPower: 0 });
    fill(policy, 3);
    bema.update(1, target);
    // beta = alpha = 1: the policy, and once more its change since the start.
    expect(await valuesOf(target)).toEqual((await valuesOf(policy)).map((v) => add(v, 2)));
    bema.dispose();
  });

  const add = (value: unknown, n: number): unknown => (Array.isArray(value) ? value.map((v) => add(v, n)) : (value as number) + n);

  it('records are matched by name, whatever the order of their fields', async () => {
    const policy = { a: variable(1), b: variable(2) };
    const [reference, again] = [{ b: variable(0), a: variable(0) }, { b: variable(0), a: variable(0) }]; // prettier-ignore
    syncReference(reference, policy);
    expect([await read(reference.a), await read(reference.b)]).toEqual([1, 2]);
    await loadCheckpoint(await saveCheckpoint({ policy }), { policy: again });
    expect([await read(again.a), await read(again.b)]).toEqual([1, 2]);
    expect(Object.keys(frozenCopy(reference))).toEqual(['b', 'a']);
  });

  it('a model is matched by its layers, also after some of them were frozen', async () => {
    const dense = () => tf.layers.dense({ units: 2, inputShape: [2] });
    const policy = tf.sequential({ layers: [tf.sequential({ layers: [dense()] }), dense(), dense()] });
    fill(policy, 1);
    const early = frozenCopy(policy);
    policy.layers[0]!.trainable = false;
    policy.layers[1]!.trainable = false;
    expect(namesOf(policy.getWeights())).not.toEqual(namesOf(flat(policy)));
    const late = frozenCopy(policy);
    fill(policy, 11);
    expect(await valuesOf(late)).toEqual(await valuesOf(early));
    syncReference(early, policy);
    expect(await valuesOf(early)).toEqual(await valuesOf(policy));
    const { grads } = valueAndGrads(() => ({ loss: tf.sum(policy.apply(tf.ones([1, 2])) as tf.Tensor) as tf.Scalar }), policy);
    expect(Object.keys(grads).sort()).toEqual(namesOf(policy.layers[2]!.getWeights()).sort());
  });

  it('a variable that occurs twice counts once', async () => {
    const tied = variable(1);
    const policy = { embedding: tied, head: tied };
    const reference = frozenCopy(policy);
    expect(reference.head).toBe(reference.embedding);
    tied.assign(tf.scalar(2));
    syncReference(reference, policy, { alpha: 0.5 });
    expect(await read(reference.head)).toBe(1.5);
  });

  it('types are those of the container', () => {
    const list = variables([1]);
    const record = { body: { weight: variable(1) }, heads: [variable(2)] };
    expectTypeOf(frozenCopy(list)).toEqualTypeOf<tf.Variable[]>();
    expectTypeOf(frozenCopy(record)).toEqualTypeOf<{ body: { weight: tf.Variable }; heads: tf.Variable[] }>();
    expectTypeOf(frozenCopy(normalizations())).toEqualTypeOf<tf.LayersModel>();
    expectTypeOf(frozenCopy({ model: normalizations(), head: list[0]! })).toEqualTypeOf<{ model: tf.LayersModel; head: tf.Variable }>();
    const weight = tf.scalar(1);
    // @ts-expect-error A tensor is not a variable.
    expectError(() => frozenCopy({ weight }), TypeError, `frozenCopy: source.weight is a value of type Tensor, ${EXPECTED}`);
  });

  const EXPECTED = 'expected a tf.Variable, a list or record of them, or a tf.LayersModel';

  it('name the path of anything else', async () => {
    const good = variable(1);
    const gone = variable(1);
    gone.dispose();
    const cyclic: unknown[] = [];
    cyclic.push(cyclic);
    let deep: unknown = good;
    for (let i = 0; i < 20_000; i++) deep = { a: deep };
    class Model {
      weight = good;
    }
    const cases: [unknown, string][] = [
      [undefined, ` is undefined, ${EXPECTED}`],
      [{ body: { weights: [good, 3] } }, `.body.weights[1] is a number, ${EXPECTED}`],
      [{ bias: undefined }, `.bias is undefined, ${EXPECTED}`],
      [new Model(), ` is a value of type Model, ${EXPECTED}`],
      [{ optimizer: tf.train.sgd(1) }, `.optimizer is a value of type SGDOptimizer, ${EXPECTED}`],
      [cyclic, `${'[0]'.repeat(64)} is nested deeper than 64 levels`],
      [deep, `${'.a'.repeat(64)} is nested deeper than 64 levels`],
      [[, good], `[0] is undefined, ${EXPECTED}`],
      [{ head: gone }, `.head, ${gone.name}, is disposed`],
    ];
    for (const [given, message] of cases) {
      const bad = given as Variables;
      expectError(() => frozenCopy(bad), TypeError, `frozenCopy: source${message}`);
      expectError(() => valueAndGrads(() => ({ loss: tf.scalar(1) }), bad), TypeError, `valueAndGrads: variables${message}`);
      expectError(() => { syncReference(bad, good); }, TypeError, `syncReference: reference${message}`); // prettier-ignore
      expectError(() => { syncReference(good, bad); }, TypeError, `syncReference: policy${message}`); // prettier-ignore
      expectError(() => new Bema(bad), TypeError, `Bema: policy${message}`);
      await expect(saveCheckpoint({ policy: bad })).rejects.toThrow(new TypeError(`saveCheckpoint: policy${message}`));
      const bytes = await saveCheckpoint({ policy: good });
      await expect(loadCheckpoint(bytes, { policy: bad })).rejects.toThrow(new TypeError(`loadCheckpoint: policy${message}`));
    }
  });

  it('name a path that only one of two containers has', async () => {
    const policy = { a: variable(1), b: variable(2) };
    const other = { a: variable(1), c: variable(2) };
    const message = 'reference.b is missing, expected a variable like policy.b';
    expectError(() => { syncReference(other, policy); }, RangeError, `syncReference: ${message}`); // prettier-ignore
    await expect(loadCheckpoint(await saveCheckpoint({ policy }), { policy: other })).rejects.toThrow(
      new RangeError('loadCheckpoint: variable 1 is policy.b in the checkpoint, expected policy.c'),
    );
  });

  it('frozenCopy leaves no tensor if a model cannot be rebuilt', () => {
    class Narrow extends tf.layers.Layer {
      static className = 'Narrow';
      private readonly units: number;
      constructor({ units = 1 }: { units?: number }) {
        super({});
        this.units = units;
      }
      override build(): void {
        this.addWeight('kernel', [this.units], 'float32', tf.initializers.zeros());
      }
      override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
        return [inputs].flat()[0]!;
      }
    }
    tf.serialization.registerClass(Narrow);
    // Its getConfig lacks `units`.
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [2] }), new Narrow({ units: 3 })] });
    const [head, [, , weight]] = [variable(1), flat(model)];
    expectError(
      () => frozenCopy({ head, model }),
      RangeError,
      `frozenCopy: the model cannot be rebuilt from its configuration: copy.layers[1].weights[0] has shape [1], expected [3] like ${weight!.name}`,
    );
  });
});
