import { describe } from '../backend/registry.js';
import { checkFields } from '../internal/checks.js';
import type { Message } from './rows.js';

/** The members of a tokenizer that rows of strings need. */
export interface TextTokenizer {
  /** Returns the token ids of a text, without special tokens. */
  encode(text: string, options: { add_special_tokens: false }): readonly number[];
  /** Id of the end token, if the tokenizer has one. It ends each completion. */
  readonly eos_token_id?: number | null | undefined;
}

/**
 * The members of a tokenizer that rows of messages need too. The tokenizers of `@huggingface/transformers` have them;
 * {@link chatTokenizer} makes such a tokenizer from `@huggingface/tokenizers` and `@huggingface/jinja`.
 */
export interface ChatTokenizer extends TextTokenizer {
  /** Returns the token ids of a conversation, followed by the start of an answer if `add_generation_prompt` is true. */
  apply_chat_template(
    messages: Message[],
    options: { add_generation_prompt: boolean; tokenize: true; return_tensor: false; return_dict: false },
  ): unknown;
  /** Id of the padding token, if the tokenizer has one. */
  readonly pad_token_id?: number | null | undefined;
}

/** The members of a `Tokenizer` of `@huggingface/tokenizers` that {@link chatTokenizer} uses. */
export interface TokenizerLike {
  /** Returns the token ids of a text. */
  encode(
    text: string,
    options: { add_special_tokens: boolean },
  ): {
    /** Token ids. */
    readonly ids: ArrayLike<number>;
  };
  /** Returns the id of a token, or undefined if the tokenizer does not know it. */
  token_to_id(token: string): number | undefined;
}

/** The members of a `Template` of `@huggingface/jinja` that {@link chatTokenizer} uses. */
export interface TemplateLike {
  /** Renders the template with the given values. */
  render(values: Record<string, unknown>): string;
}

/** Parts of a {@link chatTokenizer}. */
export interface ChatTokenizerParts {
  /** A `Tokenizer` of `@huggingface/tokenizers`, or an object that encodes like it. */
  readonly tokenizer: TokenizerLike;
  /** A `Template` of `@huggingface/jinja`. */
  readonly template: TemplateLike;
  /** Special tokens `bos_token`, `eos_token` and `pad_token`, and other values for the template. */
  readonly config?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Makes a tokenizer with a chat template from `@huggingface/tokenizers` and `@huggingface/jinja`.
 *
 * @param parts - See {@link ChatTokenizerParts}; `config` is usually the content of `tokenizer_config.json`.
 * @returns A tokenizer for {@link encodePairs} and {@link encodeUnpaired}.
 * @throws TypeError if a part is missing or of another kind.
 * @throws RangeError if the tokenizer does not know the end or padding token of its configuration.
 */
export function chatTokenizer(parts: ChatTokenizerParts): ChatTokenizer {
  const fn = 'chatTokenizer';
  checkFields(fn, 'parts', parts, ['tokenizer', 'template']);
  const { tokenizer, template, config = {} } = parts;
  checkMethods(fn, 'tokenizer', tokenizer, ['encode', 'token_to_id']);
  checkMethods(fn, 'template', template, ['render']);
  if (typeof config !== 'object' || (config as object | null) === null) {
    throw new TypeError(`${fn}: config is ${describe(config)}, expected an object`);
  }
  const encode = (text: string): number[] => {
    const encoded = tokenizer.encode(text, { add_special_tokens: false });
    checkFields(fn, 'the result of tokenizer.encode', encoded, ['ids']);
    return Array.from(encoded.ids);
  };
  // In tokenizer_config.json a token is a string, or an object whose `content` is the string.
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
    if (id === undefined) throw new RangeError(`${fn}: ${name} is ${JSON.stringify(token)}, which the tokenizer does not know`);
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

function checkMethods(fn: string, name: string, value: unknown, methods: readonly string[]): void {
  const has = (method: string) => typeof (value as Record<string, unknown> | null)?.[method] === 'function';
  if (!methods.every(has)) throw new TypeError(`${fn}: ${name} is ${describe(value)}, expected an object with ${methods.join(' and ')}`);
}
