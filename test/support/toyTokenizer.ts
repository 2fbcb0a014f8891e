import { Template } from '@huggingface/jinja';
import { chatTokenizer, type ChatTokenizer, type Sequence, type TokenizerLike } from '../../src/index.js';

/** A tokenizer with a token for each special token and for each character, so that tests can read its tokens. */
interface ToyTokenizer {
  readonly like: TokenizerLike;
  readonly decode: (ids: readonly number[]) => string;
}

/** Special tokens in angle brackets with bars, in tags, and Mistral's in square brackets. */
const SPECIAL = /(<[|｜][^<>]{1,30}[|｜]>|<\/?[a-z_]{1,20}>|\[\/?[A-Z_]{3,20}\])/;
const FIRST_SPECIAL = 0x200000;

function toyTokenizer(): ToyTokenizer {
  const specials: string[] = [];
  const idOf = (token: string): number => {
    if (!specials.includes(token)) specials.push(token);
    return FIRST_SPECIAL + specials.indexOf(token);
  };
  const encode = (text: string): number[] =>
    text.split(SPECIAL).flatMap((piece, i) => (i % 2 === 1 ? [idOf(piece)] : Array.from(piece, (character) => character.codePointAt(0)!)));
  return {
    like: { encode: (text) => ({ ids: encode(text) }), token_to_id: (token) => encode(token)[0] },
    decode: (ids) => ids.map((id) => specials[id - FIRST_SPECIAL] ?? String.fromCodePoint(id)).join(''),
  };
}

/** A chat tokenizer of a template, with functions that read its sequences. */
export interface ToyChat {
  readonly chat: ChatTokenizer;
  /** Text of the counted tokens, with a bar between separate spans. */
  readonly counted: (sequence: Sequence) => string;
  /** Text of all tokens. */
  readonly all: (sequence: Sequence) => string;
}

export function toyChat(template: string, config: Readonly<Record<string, unknown>> = {}): ToyChat {
  const { like, decode } = toyTokenizer();
  const chat = chatTokenizer({ tokenizer: like, template: Template, config: { ...config, chat_template: template } });
  const bar = '¦'.codePointAt(0)!;
  return {
    chat,
    counted: ({ tokens, mask }) =>
      decode(tokens.flatMap((id, t) => (mask[t] === 1 ? [id] : mask[t - 1] === 1 && mask.includes(1, t) ? [bar] : []))),
    all: ({ tokens }) => decode(tokens),
  };
}
