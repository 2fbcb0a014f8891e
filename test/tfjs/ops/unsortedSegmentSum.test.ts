import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { valueAndGrads } from '../../../src/index.js';
import { hashed } from '../../../tools/hashed.js';
import { engine, liveTensors } from '../../support/engine.js';

const NAME = 'UnsortedSegmentSum';
const kernel = () => tf.getKernelsForBackend('wasm').find(({ kernelName }) => kernelName === NAME);

/** Differentiates something, which registers the kernel. */
function differentiate(): void {
  const w = tf.variable(tf.scalar(1));
  tf.dispose([valueAndGrads(() => ({ loss: tf.square(w) as tf.Scalar }), [w]), w]);
}

// Every other backend has this kernel from TensorFlow.js, and `test/models/operations.test.ts` runs it on all of them.
describe.skipIf(engine !== 'wasm')('UnsortedSegmentSum on wasm', () => {
  beforeEach(() => {
    if (kernel()) tf.unregisterKernel(NAME, 'wasm');
  });
  afterEach(differentiate);

  const sum = (x: tf.Tensor, segments: number[], count: number) => tf.unsortedSegmentSum(x, tf.tensor1d(segments, 'int32'), count);

  it('is registered by the first call of valueAndGrads', () => {
    expect(() => sum(tf.ones([2]), [0, 0], 1)).toThrow(`Kernel '${NAME}' not registered for backend 'wasm'`);
    differentiate();
    expect(kernel()).toMatchObject({ kernelName: NAME, backendName: 'wasm' });
  });

  it('does not replace a kernel of TensorFlow.js', () => {
    const theirs = { kernelName: NAME, backendName: 'wasm', kernelFunc: () => [] };
    tf.registerKernel(theirs);
    differentiate();
    expect(kernel()).toBe(theirs);
    tf.unregisterKernel(NAME, 'wasm');
  });

  it('is registered for no other backend', async () => {
    await tf.setBackend('cpu');
    differentiate();
    expect(kernel()).toBeUndefined();
    await tf.setBackend('wasm');
  });

  // Values that float32 adds exactly, so that the order of addition does not matter.
  const values = (shape: readonly number[]) => Array.from(hashed(tf.util.sizeFromShape([...shape]), 1, 100), Math.round);

  it.each([
    ['a vector', [5], [2, 0, 2, 2, 0], 4],
    ['one segment', [3, 1], [0, 0, 0], 1],
    ['odd shapes, and segments without rows', [7, 3, 5], [0, 4, 4, 2, 0, 4, 4], 6],
    ['rows of no segment', [5, 3], [-1, 0, 2, 3, 1], 2],
    ['no rows', [0, 3], [], 2],
    ['rows of no values', [2, 0], [0, 1], 2],
    ['no segments', [2, 3], [0, 1], 0],
    ['more rows than a page of the heap has', [30_000, 3], Array.from({ length: 30_000 }, (_, i) => (i * 7) % 11), 11],
  ] as const)('adds the rows of each segment: %s', async (_, shape, segments, count) => {
    differentiate();
    const [, ...inner] = shape;
    const size = tf.util.sizeFromShape(inner);
    const rows = values(shape);
    const sums = new Array<number>(count * size).fill(0);
    segments.forEach((segment, row) => {
      if (segment >= 0 && segment < count) for (let i = 0; i < size; i++) sums[segment * size + i]! += rows[row * size + i]!;
    });
    for (const dtype of ['float32', 'int32'] as const) {
      const [x, ids] = [tf.tensor(rows, [...shape], dtype), tf.tensor1d([...segments], 'int32')];
      const before = liveTensors();
      const y = tf.unsortedSegmentSum(x, ids, count);
      expect([y.dtype, y.shape, liveTensors() - before]).toEqual([dtype, [count, ...inner], 1]);
      expect(Array.from(await y.data())).toEqual(sums);
    }
  });
});
