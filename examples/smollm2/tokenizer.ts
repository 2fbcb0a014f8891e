import { Template } from '@huggingface/jinja';
import { Tokenizer } from '@huggingface/tokenizers';
import { chatTokenizer, type ChatTokenizer, type TokenizerLike } from '../../src/index.js';

/** A tokenizer that can also go back to a text. */
export interface Chat extends ChatTokenizer {
  readonly decode: (ids: readonly number[]) => string;
  /** What an answer ends with. */
  readonly end: number;
}

// Node.js's resolution does not find the types that the package's own types import.
const NewTokenizer = Tokenizer as unknown as new (
  definition: object,
  config: object,
) => TokenizerLike & { decode(ids: readonly number[], options: { skip_special_tokens: boolean }): string };

/** A control token, in the words of GGUF. */
const CONTROL = 3;

/** Tokenizer and chat template from what a GGUF file says of itself. */
export function tokenizerOf(metadata: Readonly<Record<string, unknown>>): Chat {
  const value = (name: string): unknown => metadata[`tokenizer.${name}`];
  if (value('ggml.model') !== 'gpt2' || value('ggml.pre') !== 'smollm') {
    throw new Error(`the tokenizer is ${String(value('ggml.model'))} / ${String(value('ggml.pre'))}, expected gpt2 / smollm`);
  }
  const tokens = value('ggml.tokens') as string[];
  const types = value('ggml.token_type') as number[];
  const tokenOf = (name: string): string | undefined => tokens[value(`ggml.${name}_token_id`) as number];
  const plain = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const bytes = { type: 'ByteLevel', trim_offsets: true, use_regex: true };
  const tokenizer = new NewTokenizer(
    {
      version: '1.0',
      truncation: null,
      padding: null,
      normalizer: null,
      post_processor: null,
      added_tokens: tokens.flatMap((content, id) => (types[id] === CONTROL ? [{ id, content, ...plain }] : [])),
      pre_tokenizer: {
        type: 'Sequence',
        pretokenizers: [
          { type: 'Digits', individual_digits: true },
          { ...bytes, add_prefix_space: false },
        ],
      },
      decoder: { ...bytes, add_prefix_space: true },
      model: {
        type: 'BPE',
        dropout: null,
        unk_token: null,
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: false,
        byte_fallback: false,
        ignore_merges: false,
        vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
        merges: value('ggml.merges'),
      },
    },
    {},
  );
  const template = new Template(value('chat_template') as string);
  const config = { bos_token: tokenOf('bos'), eos_token: tokenOf('eos'), pad_token: tokenOf('padding') ?? tokenOf('eos') };
  const chat = chatTokenizer({ tokenizer, template, config });
  return { ...chat, end: chat.eos_token_id!, decode: (ids) => tokenizer.decode(ids, { skip_special_tokens: true }) };
}
