import type { TextTokenizer } from './chatTokenizer.js';
import { BadRow } from './badRow.js';
import type { Sequence } from './sequence.js';
import { commonStart, idsOf } from './tokenIds.js';

/** A text tokenizer with what it adds to a text. */
export interface TextEncoding {
  /** Token ids without special tokens; `at` and `name` name row and side in errors. */
  readonly encode: (at: string, name: string, text: string) => readonly number[];
  /** Tokens before each text; this one shows which. */
  readonly start: (at: string, name: string, text: string) => readonly number[];
  /** Tokens after each text. */
  readonly end: (at: string) => readonly number[];
}

/** The tokenizer with the special tokens that the options ask for. */
export function textEncoder(tokenizer: TextTokenizer, addBos: 'auto' | boolean, addEos: 'auto' | boolean): TextEncoding {
  const encode = (at: string, name: string, text: string, special = false) =>
    idsOf(at, `${name}: the tokenizer`, `${name}: encode`, () => tokenizer.encode(text, { add_special_tokens: special }));
  let added: readonly number[] | undefined;
  const required = (at: string, option: string, token: 'bos_token_id' | 'eos_token_id'): number[] => {
    const id = tokenizer[token];
    if (typeof id === 'number') return [id];
    throw new BadRow(at, option, `is true, but the tokenizer has no ${token}`);
  };
  return {
    encode,
    start: (at, name, text) => {
      if (addBos === true) return required(at, 'addBos', 'bos_token_id');
      if (addBos === false) return [];
      if (added) return added;
      const plain = encode(at, name, text);
      const before = addedBefore(plain, encode(at, name, text, true));
      // A tokenizer may add nothing to a text that has its start token.
      if (before.length > 0 || plain[0] !== tokenizer.bos_token_id) added = before;
      return before;
    },
    end: (at) => {
      if (addEos === true) return required(at, 'addEos', 'eos_token_id');
      return addEos === 'auto' && typeof tokenizer.eos_token_id === 'number' ? [tokenizer.eos_token_id] : [];
    },
  };
}

/** The tokens that precede a text if the tokenizer adds its special tokens. */
function addedBefore(plain: readonly number[], whole: readonly number[]): readonly number[] {
  for (let start = 0; start + plain.length <= whole.length; start++) {
    if (commonStart(plain, whole.slice(start)) === plain.length) return whole.slice(0, start);
  }
  return [];
}

/**
 * Encodes a prompt and its completions, each together with the prompt, as the model's tokenizer sees them. The prompt ends where a
 * completion first changes the tokens of the prompt alone, at the same token for all completions. The tokenizer's start and end tokens are
 * added unless the text has them already.
 */
export function encodeTexts(
  at: string,
  { encode, start, end }: TextEncoding,
  prompt: string,
  completions: readonly (readonly [name: string, text: string])[],
): Sequence[] {
  const texts = completions.map(([name, text]) => {
    const tokens = encode(at, name, prompt + text);
    const last = end(at);
    if (last.length === 0) return tokens;
    // White space after an end token, as chat templates write it, does not make it another.
    const trimmed = text.trimEnd() === text ? tokens : encode(at, name, prompt + text.trimEnd());
    return trimmed.at(-1) === last[0] ? tokens : [...tokens, ...last];
  });
  const [name, completion] = completions[0]!;
  const alone = prompt === '' ? [] : encode(at, name, prompt);
  const promptLength = Math.min(...texts.map((tokens) => commonStart(alone, tokens)));
  const first = start(at, name, prompt + completion);
  return texts.map((tokens) => {
    const missing = commonStart(first, tokens) === first.length ? [] : first;
    // A start token that the text already has is no part of a completion.
    const uncounted = missing.length > 0 ? missing.length + promptLength : Math.max(first.length, promptLength);
    return { tokens: [...missing, ...tokens], mask: [...missing, ...tokens].map((_, t) => Number(t >= uncounted)) };
  });
}
