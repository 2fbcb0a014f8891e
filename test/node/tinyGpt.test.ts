import * as tf from '@tensorflow/tfjs';
import type { EncodedPair } from '../../src/index.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { answersOf, promptOf, shareRight } from '../../examples/train-tiny-gpt/answers.js';
import { datasetOf } from '../../examples/train-tiny-gpt/data.js';
import { TinyGpt } from '../../examples/train-tiny-gpt/model.js';
import { TASKS } from '../../examples/train-tiny-gpt/tasks.js';

const task = TASKS.ordering();
const data = datasetOf(task, 0);
const textOf = (pair: EncodedPair) => data.textOf(promptOf(pair));

describe('the ordering task', () => {
  it('asks every question in both orders, and prefers the larger number', () => {
    expect(data.train.length + data.validation.length).toBe(35 * 36);
    for (const pair of [...data.train, ...data.validation]) {
      const [a, b] = /^Which is larger, (\d+) or (\d+)\?$/.exec(textOf(pair))!.slice(1).map(Number) as [number, number];
      const [chosen, rejected] = [pair.chosen, pair.rejected].map(({ tokens }) => data.textOf(tokens.slice(promptOf(pair).length)));
      expect([chosen, rejected]).toEqual([`${Math.max(a, b)}`, `${Math.min(a, b)}`]);
    }
  });

  it('holds questions out in both orders', () => {
    const numbers = (pair: EncodedPair) => textOf(pair).match(/\d+/g)!.sort().join(); // prettier-ignore
    const trained = new Set(data.train.map(numbers));
    expect(data.validation).toHaveLength(150);
    expect(data.validation.filter((pair) => trained.has(numbers(pair)))).toEqual([]);
  });

  it('demonstrates the right and the wrong answer alike', () => {
    expect(task.demonstrations).toEqual(['chosen', 'rejected']);
    for (const { examples, chosen, rejected } of data.train) {
      expect([examples.chosen.tokens, examples.rejected.tokens]).toEqual([chosen.tokens, rejected.tokens]);
    }
  });

  it('has another split for another seed', () => {
    expect(datasetOf(task, 1).validation.map(textOf)).not.toEqual(data.validation.map(textOf));
    expect(datasetOf(task, 0).validation.map(textOf)).toEqual(data.validation.map(textOf));
  });
});

describe('the answers of a model', () => {
  beforeAll(() => tf.setBackend('cpu'));
  const pair = (prompt: readonly number[], answer: readonly number[]): EncodedPair => {
    const sequence = { tokens: [...prompt, ...answer], mask: [...prompt.map(() => 0), ...answer.map(() => 1)] };
    return { row: 0, chosen: sequence, rejected: sequence };
  };

  it('do not depend on the other prompts of the batch, and leave no tensor behind', async () => {
    const model = TinyGpt.create({ vocabularySize: 9, maxLength: 8, width: 8, heads: 2, blocks: 1 }, 1);
    const pairs = [pair([1, 5, 3, 2], [4]), pair([1, 7, 8, 3, 2], [4])];
    const before = tf.memory().numTensors;
    const answers = await answersOf(model, pairs, 3);
    expect(answers).toEqual([...(await answersOf(model, [pairs[0]!], 3)), ...(await answersOf(model, [pairs[1]!], 3))]);
    expect(tf.memory().numTensors).toBe(before);
    // Right only if every token is, up to the end.
    const marked = pairs.map((given, i) => pair(promptOf(given), i === 0 ? answers[i]! : [...answers[i]!, 4]));
    expect(await shareRight(model, marked, 3)).toBe(0.5);
    tf.dispose([...model.variables]);
  });
});
