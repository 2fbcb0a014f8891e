import { Template } from '@huggingface/jinja';
import { Tokenizer } from '@huggingface/tokenizers';
import { chatTokenizer, type ChatTokenizer, type TokenizerLike } from '../../src/index.js';
import { byteLevelBpe } from '../../tools/byteLevelBpe.js';

/** A chat tokenizer that can also decode. */
export interface Chat extends ChatTokenizer {
  readonly decode: (ids: readonly number[]) => string;
  /** Id of the token that ends an answer. */
  readonly end: number;
}

// Node.js's resolution does not find the types that the package's own types import.
const NewTokenizer = Tokenizer as unknown as new (
  definition: object,
  config: object,
) => TokenizerLike & { decode(ids: readonly number[], options: { skip_special_tokens: boolean }): string };

/** GGUF's token type for control tokens. */
const CONTROL = 3;

/** Makes the tokenizer with its chat template from the metadata of a GGUF file. */
export function tokenizerOf(metadata: Readonly<Record<string, unknown>>): Chat {
  const value = (name: string): unknown => metadata[`tokenizer.${name}`];
  if (value('ggml.model') !== 'gpt2' || value('ggml.pre') !== 'smollm') {
    throw new Error(`the tokenizer is ${String(value('ggml.model'))} / ${String(value('ggml.pre'))}, expected gpt2 / smollm`);
  }
  const tokens = value('ggml.tokens') as string[];
  const types = value('ggml.token_type') as number[];
  const tokenOf = (name: string): string | undefined => tokens[value(`ggml.${name}_token_id`) as number];
  const special = tokens.flatMap((content, id) => (types[id] === CONTROL ? [{ id, content }] : []));
  const merges = value('ggml.merges') as string[];
  const tokenizer = new NewTokenizer(byteLevelBpe({ tokens, merges, special, splitsDigits: true }), {});
  const template = new Template(value('chat_template') as string);
  const config = { bos_token: tokenOf('bos'), eos_token: tokenOf('eos'), pad_token: tokenOf('padding') ?? tokenOf('eos') };
  const chat = chatTokenizer({ tokenizer, template, config });
  return { ...chat, end: chat.eos_token_id!, decode: (ids) => tokenizer.decode(ids, { skip_special_tokens: true }) };
}
