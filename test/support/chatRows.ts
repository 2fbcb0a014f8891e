import { expect } from 'vitest';
import { encodePairs, type Sequence } from '../../src/index.js';
import { byteTokenizer } from './chat.js';

export const tokenizer = byteTokenizer();

export const user = (content: string) => ({ role: 'user', content });

export const assistant = (content: string) => ({ role: 'assistant', content });

/** The tokens that count, as a text; between stretches of them, a bar. */
export const counted = ({ tokens, mask }: Sequence): string =>
  tokenizer.decode(tokens.flatMap((id, t) => (mask[t] === 1 ? [id] : mask[t - 1] === 1 && mask.includes(1, t) ? [124] : [])));

export const all = ({ tokens }: Sequence): string => tokenizer.decode(tokens);

export const one = (row: unknown, options = {}) => {
  const { pairs, dropped } = encodePairs([row], tokenizer, options);
  expect(dropped).toEqual([]);
  return pairs[0]!;
};
