import { expect } from 'vitest';
import { encodePairs, type Sequence } from '../../src/index.js';
import { byteTokenizer } from './chat.js';

export const tokenizer = byteTokenizer();

export const user = (content: string) => ({ role: 'user', content });

export const assistant = (content: string) => ({ role: 'assistant', content });

/** Text of the counted tokens, with a bar between separate spans. */
export const counted = ({ tokens, mask }: Sequence): string =>
  tokenizer.decode(tokens.flatMap((id, t) => (mask[t] === 1 ? [id] : mask[t - 1] === 1 && mask.includes(1, t) ? [124] : [])));

/** Text of all tokens. */
export const all = ({ tokens }: Sequence): string => tokenizer.decode(tokens);

/** Encodes one row as a pair. */
export const one = (row: unknown, options = {}) => {
  const { pairs, dropped } = encodePairs([row], tokenizer, options);
  expect(dropped).toEqual([]);
  return pairs[0]!;
};
