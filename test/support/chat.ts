import { Template } from '@huggingface/jinja';
import { Tokenizer } from '@huggingface/tokenizers';
import { chatTokenizer, type ChatTokenizer } from '../../src/index.js';

/** The letters that stand for bytes in a byte-level vocabulary, as GPT-2 has them. */
function letters(): string[] {
  const shown = (b: number) => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
  let others = 256;
  return Array.from({ length: 256 }, (_, b) => String.fromCodePoint(shown(b) ? b : others++));
}

const SPECIAL = ['<|im_start|>', '<|im_end|>', '<pad>'];

/** ChatML, as Qwen and SmolLM2 have it. */
export const CHATML = `{% for message in messages %}<|im_start|>{{ message.role }}
{{ message.content }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}`;

/** A tokenizer that gives every byte a token, with the markers of ChatML: what it makes of a text is there to read. */
export function byteTokenizer(
  template: string = CHATML,
  config: Record<string, unknown> = {},
): ChatTokenizer & { decode(ids: readonly number[]): string } {
  const vocabulary = [...letters(), ...SPECIAL];
  const tokenizer = new Tokenizer(
    {
      version: '1.0',
      truncation: null,
      padding: null,
      normalizer: null,
      post_processor: null,
      added_tokens: SPECIAL.map((content, i) => ({
        id: 256 + i,
        content,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: true,
      })),
      pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      decoder: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      model: {
        type: 'BPE',
        dropout: null,
        unk_token: null,
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: false,
        byte_fallback: false,
        ignore_merges: false,
        vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
        merges: [],
      },
    } as never,
    {} as never,
  );
  const chat = chatTokenizer({
    tokenizer,
    template: new Template(template),
    config: { eos_token: { content: '<|im_end|>' }, pad_token: '<pad>', ...config },
  });
  return { ...chat, decode: (ids) => tokenizer.decode([...ids], { skip_special_tokens: false }) };
}
