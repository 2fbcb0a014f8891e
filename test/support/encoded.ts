import { type EncodedExample, type EncodedPair } from '../../src/index.js';

export const example = (row: number, prompt: readonly number[], completion: readonly number[], label = true): EncodedExample => ({
  row,
  label,
  tokens: [...prompt, ...completion],
  mask: [...prompt.map(() => 0), ...completion.map(() => 1)],
});

export const pair = (row: number, prompt: readonly number[], chosen: readonly number[], rejected: readonly number[]): EncodedPair => ({
  row,
  chosen: example(row, prompt, chosen),
  rejected: example(row, prompt, rejected),
});
