import * as tf from '@tensorflow/tfjs';
import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  attachReference,
  collatePairs,
  collateUnpaired,
  mismatchCompletions,
  precomputeReference,
  type EncodedPair,
} from '../../../src/index.js';
import { example, pair } from '../../support/encoded.js';
import { liveTensors, isTfjs } from '../../support/engine.js';

describe.runIf(isTfjs)('precomputeReference', () => {
  const batches = [[1, 2], [3], [4, 5]]; // prettier-ignore
  const logpsOf = (batch: readonly number[]) => ({ chosen: tf.neg(tf.tensor1d([...batch])), rejected: tf.mul(2, tf.tensor1d([...batch])) });
  const expected = [{ chosen: [-1, -2], rejected: [2, 4] }, { chosen: [-3], rejected: [6] }, { chosen: [-4, -5], rejected: [8, 10] }]; // prettier-ignore

  it('returns the values of every batch in the shape that logpsOf returns, and leaves no tensor', async () => {
    const before = liveTensors();
    const pairs = await precomputeReference(batches, logpsOf);
    expect(pairs).toEqual(expected);
    const lists = await precomputeReference(batches, (batch) => Object.values(logpsOf(batch)));
    expect(lists).toEqual(expected.map(({ chosen, rejected }) => [chosen, rejected]));
    const plain = await precomputeReference(batches, (batch) => tf.tensor1d(batch));
    expect(plain).toEqual(batches);
    expectTypeOf(pairs).toEqualTypeOf<{ chosen: number[]; rejected: number[] }[]>();
    expectTypeOf(lists).toEqualTypeOf<number[][][]>();
    expectTypeOf(plain).toEqualTypeOf<number[][]>();
    expect(liveTensors()).toBe(before);
  });

  it('gives pairs that attachReference and collatePairs carry through', async () => {
    const pairs: EncodedPair[] = [0, 1, 2].map((row) => pair(row, [1], [2], [3, 4]));
    const parts = [pairs.slice(0, 2), pairs.slice(2)];
    const sidesOf = (some: readonly EncodedPair[]) => logpsOf(some.map(({ row }) => row));
    const attached = attachReference(parts, await precomputeReference(parts, sidesOf));
    expect(collatePairs(attached.reverse(), { padTokenId: 0 }).reference).toEqual({ chosen: [-2, -1, -0], rejected: [4, 2, 0] });
  });

  it('gives the log-probs of examples with mismatched completions, which attachReference and collateUnpaired carry through', async () => {
    const examples = mismatchCompletions([example(0, [1], [2]), example(1, [3], [4, 5])]);
    const sumsOf = (rows: number[][]) => tf.neg(tf.sum(tf.tensor2d(rows), 1));
    const results = await precomputeReference([examples], (some) => {
      const { tokens, mismatched } = collateUnpaired(some, { padTokenId: 0 });
      return { completion: sumsOf(tokens), mismatched: sumsOf(mismatched!.tokens) };
    });
    expect(results).toEqual([{ completion: [-3, -12], mismatched: [-10, -5] }]);
    const batch = collateUnpaired(attachReference([examples], results), { padTokenId: 0 });
    expect([batch.reference, batch.mismatched!.reference]).toEqual([[-3, -12], [-10, -5]]); // prettier-ignore
  });

  it('continues where it stopped, from JSON', async () => {
    let saved = '';
    const stopped = precomputeReference(batches, logpsOf, {
      onBatch: (results) => {
        saved = JSON.stringify(results);
        if (results.length === 2) throw new Error('the power is off');
      },
    });
    await expect(stopped).rejects.toThrow('the power is off');
    const seen: (readonly number[])[] = [];
    const asked = (batch: readonly number[]) => (seen.push(batch), logpsOf(batch));
    expect(await precomputeReference(batches, asked, { done: JSON.parse(saved) as typeof expected })).toEqual(expected);
    expect(seen).toEqual([[4, 5]]);
  });

  it('names bad input, and leaves no tensor', async () => {
    const fromJson = JSON.parse('[{ "chosen": [-1, null], "rejected": [-1, -2] }]') as typeof expected;
    await expect(precomputeReference(batches, logpsOf, { done: fromJson })).rejects.toThrow(
      new TypeError('precomputeReference: done[0].chosen[1] is null, expected a number'),
    );
    await expect(precomputeReference(batches, logpsOf, { done: '[]' as never })).rejects.toThrow(
      new TypeError('precomputeReference: done is "[]", expected a list'),
    );
    const disposed = tf.scalar(1);
    disposed.dispose();
    const before = liveTensors();
    for (const [made, message] of [
      [() => [], ' has no tensor, expected at least one'],
      [() => undefined, ' is undefined, expected a tensor'],
      [async () => Promise.resolve([]), ' is a value of type Promise, expected a tensor'],
      [() => [tf.scalar(1), 0], '[1] is a number, expected a tensor'],
      [() => ({ chosen: tf.scalar(1), rejected: [-1] }), '.rejected[0] is a number, expected a tensor'],
      [() => ({ chosen: disposed }), '.chosen is disposed'],
    ] as [() => never, string][]) {
      await expect(precomputeReference([1], made)).rejects.toThrow(new TypeError(`precomputeReference: logpsOf(batches[0])${message}`));
    }
    expect(liveTensors()).toBe(before);
  });

  it('names a batch whose log-probs are not finite, and leaves no tensor', async () => {
    const before = liveTensors();
    const bad = (batch: readonly number[]) => ({ chosen: tf.log(tf.sub(tf.tensor1d([...batch]), 3)) });
    await expect(precomputeReference(batches.slice(1), bad)).rejects.toThrow(
      'precomputeReference: value 0 of logpsOf(batches[0]).chosen must be finite, got -Infinity',
    );
    expect(liveTensors()).toBe(before);
    await expect(precomputeReference([], logpsOf, { done: expected })).rejects.toThrow(
      'precomputeReference: done has length 3, expected at most 0 like batches',
    );
  });
});
