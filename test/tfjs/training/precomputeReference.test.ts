import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { precomputeReference } from '../../../src/index.js';
import { isArrays, liveTensors } from '../../support/engine.js';

describe.skipIf(isArrays)('precomputeReference', () => {
  const batches = [[1, 2], [3], [4, 5]]; // prettier-ignore
  const logpsOf = (batch: readonly number[]) => [tf.neg(tf.tensor1d([...batch])), tf.mul(2, tf.tensor1d([...batch]))];
  const expected = [[[-1, -2], [2, 4]], [[-3], [6]], [[-4, -5], [8, 10]]].map((one) => one.map((v) => Float32Array.from(v))); // prettier-ignore

  it('returns the values of every batch, and leaves no tensor', async () => {
    const before = liveTensors();
    expect(await precomputeReference(batches, logpsOf)).toEqual(expected);
    expect(liveTensors()).toBe(before);
  });

  it('continues where it stopped', async () => {
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

  it('names bad input', async () => {
    const fromJson = JSON.parse(JSON.stringify([[new Float32Array([1])]])) as Float32Array[][];
    await expect(precomputeReference([1], () => [tf.scalar(1)], { done: fromJson })).rejects.toThrow(
      new TypeError(
        'precomputeReference: done[0] is not a list of Float32Array; if it comes from JSON, convert each list with Float32Array.from',
      ),
    );
    for (const [made, what] of [
      [[], 'an empty list'],
      [Promise.resolve([]), 'a value of type Promise'],
    ] as const)
      // prettier-ignore
      await expect(precomputeReference([1], () => made as never)).rejects.toThrow(
        new TypeError(`precomputeReference: logpsOf returned ${what} for batch 0, expected a list of tensors`),
      );
  });

  it('names a batch whose log-probs are not finite, and leaves no tensor', async () => {
    const before = liveTensors();
    await expect(precomputeReference(batches, (batch) => [tf.log(tf.sub(tf.tensor1d([...batch]), 3))])).rejects.toThrow(
      /^precomputeReference: value 0 of tensor 0 of batch 0 must be finite, got /,
    );
    expect(liveTensors()).toBe(before);
    await expect(precomputeReference([], logpsOf, { done: expected })).rejects.toThrow(
      'precomputeReference: done has length 3, expected at most 0 like batches',
    );
  });
});
