import type { Message } from './rows.js';

/**
 * What is used of a tokenizer: the tokenizers of `@huggingface/transformers` are of this kind; {@link chatTokenizer} makes one of
 * `@huggingface/tokenizers` and `@huggingface/jinja`.
 */
export interface ChatTokenizer {
  /** Token ids of a text. */
  encode(text: string, options: { add_special_tokens: false }): readonly number[];
  /** Token ids of a conversation, with the beginning of an answer at its end if asked for. */
  apply_chat_template(
    messages: Message[],
    options: { add_generation_prompt: boolean; tokenize: true; return_tensor: false; return_dict: false },
  ): unknown;
  /** What ends a text, if the tokenizer has such a token. */
  readonly eos_token_id?: number | null | undefined;
  /** What fills rows up, if the tokenizer has such a token. */
  readonly pad_token_id?: number | null | undefined;
}

/** What is used of a `Tokenizer` of `@huggingface/tokenizers`. */
export interface TokenizerLike {
  /** Token ids of a text. */
  encode(
    text: string,
    options: { add_special_tokens: boolean },
  ): {
    /** The ids. */
    readonly ids: ArrayLike<number>;
  };
  /** The id of one token. */
  token_to_id(token: string): number | undefined;
}

/** What is used of a `Template` of `@huggingface/jinja`. */
export interface TemplateLike {
  /** The text that it makes of the values. */
  render(values: Record<string, unknown>): string;
}

/** What {@link chatTokenizer} is made of. */
export interface ChatTokenizerParts {
  /** A `Tokenizer` of `@huggingface/tokenizers`, or what encodes like it. */
  readonly tokenizer: TokenizerLike;
  /** A `Template` of `@huggingface/jinja`. */
  readonly template: TemplateLike;
  /** What the template and the ends of texts need to know: `bos_token`, `eos_token`, `pad_token` and other values for the template. */
  readonly config?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * A tokenizer with a chat template, of `@huggingface/tokenizers` and `@huggingface/jinja`.
 *
 * @param parts - See {@link ChatTokenizerParts}; `config` is usually the content of `tokenizer_config.json`.
 * @returns What {@link encodePairs} takes.
 * @throws RangeError if the tokenizer does not know the end or pad token of its configuration.
 */
export function chatTokenizer({ tokenizer, template, config = {} }: ChatTokenizerParts): ChatTokenizer {
  const encode = (text: string): number[] => Array.from(tokenizer.encode(text, { add_special_tokens: false }).ids);
  // In tokenizer_config.json a token is a text, or an object with the text in it.
  const textOf = (token: unknown): unknown =>
    typeof token === 'object' && token !== null ? (token as { content: unknown }).content : token;
  const names = ['bos_token', 'eos_token', 'pad_token'];
  const tokens = Object.fromEntries(names.flatMap((name) => (config[name] ? [[name, textOf(config[name])]] : []))) as Record<
    string,
    string
  >;
  const others = Object.fromEntries(Object.entries(config).filter(([name]) => !names.includes(name)));
  const idOf = (name: string): number | undefined => {
    const token = tokens[name];
    if (token === undefined) return undefined;
    const id = tokenizer.token_to_id(token);
    if (id === undefined) throw new RangeError(`chatTokenizer: ${name} is ${JSON.stringify(token)}, which the tokenizer does not know`);
    return id;
  };
  return {
    encode,
    apply_chat_template: (messages, { add_generation_prompt }) =>
      encode(template.render({ tools: null, documents: null, ...others, ...tokens, messages, add_generation_prompt })),
    eos_token_id: idOf('eos_token'),
    pad_token_id: idOf('pad_token'),
  };
}
