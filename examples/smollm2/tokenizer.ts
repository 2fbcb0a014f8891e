import { Template } from '@huggingface/jinja';
import { Tokenizer } from '@huggingface/tokenizers';
import { chatTokenizer, type ChatTokenizer, type TokenizerLike } from 'prefloss';
import { shown, type Metadata } from './llamaConfig.js';

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

/**
 * Makes the tokenizer with its chat template from the metadata of a GGUF file.
 *
 * @throws Error that names the field if the metadata have no such tokenizer.
 */
export function tokenizerOf(metadata: Metadata): Chat {
  const value = (name: string): unknown => metadata[`tokenizer.${name}`];
  if (value('ggml.model') !== 'gpt2' || value('ggml.pre') !== 'smollm') {
    throw new Error(`the tokenizer is ${shown(value('ggml.model'))} / ${shown(value('ggml.pre'))}, expected gpt2 / smollm`);
  }
  const tokens = stringsOf(metadata, 'ggml.tokens');
  const types = value('ggml.token_type');
  if (!Array.isArray(types) || types.length !== tokens.length) {
    throw new Error(`tokenizer.ggml.token_type is ${shown(types)}, expected a list of ${tokens.length}`);
  }
  const end = value('ggml.eos_token_id');
  if (tokens[end as number] === undefined) {
    throw new Error(`tokenizer.ggml.eos_token_id is ${shown(end)}, expected the id of one of ${tokens.length} tokens`);
  }
  const tokenOf = (name: string): string | undefined => tokens[value(`ggml.${name}_token_id`) as number];
  const bytes = { type: 'ByteLevel', add_prefix_space: false };
  const definition = {
    added_tokens: tokens.flatMap((content, id) => (types[id] === CONTROL ? [{ id, content, special: true }] : [])),
    pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'Digits', individual_digits: true }, bytes] },
    normalizer: null,
    post_processor: null,
    decoder: bytes,
    model: {
      type: 'BPE',
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: stringsOf(metadata, 'ggml.merges'),
    },
  };
  const tokenizer = new NewTokenizer(definition, {});
  const pad = tokenOf('padding') ?? tokenOf('eos');
  const config = { chat_template: value('chat_template'), bos_token: tokenOf('bos'), eos_token: tokenOf('eos'), pad_token: pad };
  const chat = chatTokenizer({ tokenizer, template: Template, config });
  return { ...chat, end: chat.eos_token_id!, decode: (ids) => tokenizer.decode(ids, { skip_special_tokens: true }) };
}

/** A list of strings in the metadata. */
function stringsOf(metadata: Metadata, name: string): string[] {
  const items = metadata[`tokenizer.${name}`];
  if (!Array.isArray(items)) throw new Error(`tokenizer.${name} is ${shown(items)}, expected a list`);
  const bad = items.findIndex((item) => typeof item !== 'string');
  if (bad >= 0) throw new Error(`item ${bad} of tokenizer.${name} is ${shown(items[bad])}, expected a string`);
  return items as string[];
}
