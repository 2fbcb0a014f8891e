import { Template } from '@huggingface/jinja';
import { Tokenizer } from '@huggingface/tokenizers';
import { chatTokenizer, type ChatTokenizer, type TokenizerLike } from 'prefloss';

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
  const bytes = { type: 'ByteLevel', add_prefix_space: false };
  const definition = {
    added_tokens: tokens.flatMap((content, id) => (types[id] === CONTROL ? [{ id, content, special: true }] : [])),
    pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'Digits', individual_digits: true }, bytes] },
    normalizer: null,
    post_processor: null,
    decoder: bytes,
    model: { type: 'BPE', vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), merges: value('ggml.merges') },
  };
  const tokenizer = new NewTokenizer(definition, {});
  const pad = tokenOf('padding') ?? tokenOf('eos');
  const config = { chat_template: value('chat_template'), bos_token: tokenOf('bos'), eos_token: tokenOf('eos'), pad_token: pad };
  const chat = chatTokenizer({ tokenizer, template: Template, config });
  return { ...chat, end: chat.eos_token_id!, decode: (ids) => tokenizer.decode(ids, { skip_special_tokens: true }) };
}
