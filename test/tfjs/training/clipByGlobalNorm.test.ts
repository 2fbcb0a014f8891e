import * as tf from '@tensorflow/tfjs';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { clipByGlobalNorm, type GradientContainer } from '../../../src/index.js';
import { expectClose, type Values } from '../../../src/testing/index.js';
import golden from './training.json' with { type: 'json' };
import { epsilon, expectError, liveTensors, read, isTfjs } from '../../support/engine.js';

/** The values of tensors, in the same lists and records. */
async function readAll(container: unknown): Promise<unknown> {
  if (container instanceof tf.Tensor) return read(container);
  if (Array.isArray(container)) return Promise.all(container.map(readAll));
  const entries = Object.entries(container as object).map(async ([key, value]) => [key, await readAll(value)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

describe.runIf(isTfjs)('clipByGlobalNorm', () => {
  it.each(golden.clip.map((record) => [record.maxNorm, record] as const))(
    "equals PyTorch's at maxNorm %d",
    async (maxNorm, { norm, grads }) => {
      const given = Object.fromEntries(golden.gradients[0]!.map((values, i) => [`g${i}`, tf.tensor(values)]));
      const clipped = clipByGlobalNorm(given, maxNorm);
      expectClose((await read(clipped.norm)) as Values, norm, { relative: epsilon, absolute: 0 });
      for (const [i, expected] of grads.entries())
        expectClose((await read(clipped.grads[`g${i}`])) as Values, expected as Values, { relative: 2 * epsilon, absolute: 0 });
    },
  );

  it('has the same norm, to the last bit, whatever numbers tfjs gave the variables', async () => {
    const values = [4096, ...Array<number>(64).fill(1)]; // in float32, ones that are added to 4096 squared one by one vanish
    const normFrom = async (first: number) =>
      read(clipByGlobalNorm(Object.fromEntries(values.map((value, i) => [first + i, tf.scalar(value)])), 1).norm);
    expect(await normFrom(5)).toEqual(await normFrom(1000));
    expect(await normFrom(5)).toEqual(await read(tf.scalar(4096)));
  });

  it.each([
    ['a list', () => [tf.tensor1d([3]), tf.tensor1d([4])], [[0.6], [0.8]]], // prettier-ignore
    ['a nested record', () => ({ body: { weights: [tf.tensor1d([3])] }, head: tf.scalar(4) }), { body: { weights: [[0.6]] }, head: 0.8 }],
    ['one tensor', () => tf.tensor1d([3, 4]), [0.6, 0.8]],
  ] as [string, () => GradientContainer, unknown][])('scales %s into the same shape', async (_, make, expected) => {
    const { grads, norm } = clipByGlobalNorm(make(), 1);
    expect(await read(norm)).toBe(5);
    const values = await readAll(grads);
    expect(JSON.parse(JSON.stringify(values, (__, v: unknown) => (typeof v === 'number' ? Number(v.toFixed(5)) : v)))).toEqual(expected);
  });

  it('has the type of its argument', () => {
    const { grads } = clipByGlobalNorm({ body: [tf.tensor1d([1])], head: tf.scalar(2) }, 1);
    expectTypeOf(grads).toEqualTypeOf<{ body: tf.Tensor1D[]; head: tf.Scalar }>();
  });

  it('names the path of anything but a tensor', () => {
    const grads = { body: [tf.scalar(1)], head: null } as never;
    expectError(() => clipByGlobalNorm(grads, 1), TypeError, 'clipByGlobalNorm: grads.head is null, expected a tensor');
    const disposed = tf.scalar(1);
    disposed.dispose();
    expectError(() => clipByGlobalNorm({ disposed }, 1), TypeError, 'clipByGlobalNorm: grads.disposed is disposed');
    const cyclic: GradientContainer[] = [];
    cyclic.push(cyclic);
    expectError(() => clipByGlobalNorm(cyclic, 1), TypeError, `clipByGlobalNorm: grads${'[0]'.repeat(64)} is nested deeper than 64 levels`);
  });

  it("makes all gradients NaN where the norm is, and finite ones 0 where it is infinite, as PyTorch's", async () => {
    for (const [bad, other] of [
      [NaN, [NaN, NaN]],
      [Infinity, [0, 0]],
    ] as const) {
      const clipped = clipByGlobalNorm([tf.tensor1d([bad]), tf.tensor1d([3, 4])], 1);
      expect([await read(clipped.norm), ...((await readAll(clipped.grads)) as number[])]).toEqual([bad, [NaN], other]);
    }
  });

  it('is accurate over millions of values, and takes more tensors than a GPU has bindings', async () => {
    const many = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`g${i}`, tf.fill([i + 1], 0.5)]));
    const long = tf.fill([3_000_000], 0.1);
    const { norm } = clipByGlobalNorm({ ...many, long }, 1);
    expectClose((await read(norm)) as Values, Math.sqrt(0.25 * 820 + 3e6 * Math.fround(0.1) ** 2), { relative: 4 * epsilon, absolute: 0 });
  });

  it('takes gradients of 0 and an empty record, and leaks nothing', async () => {
    const zero = tf.zeros([3]);
    const before = liveTensors();
    const { grads, norm } = clipByGlobalNorm({ zero }, 1);
    expect([await read(norm), await read(grads.zero)]).toEqual([0, [0, 0, 0]]);
    expect(liveTensors() - before).toBe(2);
    expect(await read(clipByGlobalNorm({}, 1).norm)).toBe(0);
    expectError(() => clipByGlobalNorm({ zero }, 0), RangeError, 'clipByGlobalNorm: maxNorm must be finite and > 0, got 0');
  });
});
