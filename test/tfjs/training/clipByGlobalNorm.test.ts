import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { clipByGlobalNorm } from '../../../src/index.js';
import { expectClose, type Values } from '../../../src/testing/index.js';
import golden from './training.json' with { type: 'json' };
import { epsilon, expectError, isArrays, liveTensors, read } from '../../support/engine.js';

describe.skipIf(isArrays)('clipByGlobalNorm', () => {
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
