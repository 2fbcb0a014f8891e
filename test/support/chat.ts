import { Template } from '@huggingface/jinja';
import { Tokenizer } from '@huggingface/tokenizers';
import { chatTokenizer, type ChatTokenizer } from '../../src/index.js';

/** The characters that represent bytes in GPT-2's byte-level vocabulary. */
function letters(): string[] {
  const shown = (b: number) => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
  let others = 256;
  return Array.from({ length: 256 }, (_, b) => String.fromCodePoint(shown(b) ? b : others++));
}

const SPECIAL = ['<|im_start|>', '<|im_end|>', '<pad>'];

/** The ChatML template, in the form that Qwen and SmolLM2 use. */
export const CHATML = `{% for message in messages %}<|im_start|>{{ message.role }}
{{ message.content }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}`;

/** A tokenizer with one token per byte and the special tokens of ChatML, so that tests can decode and read its tokens. */
export function byteTokenizer(
  template: string = CHATML,
  config: Record<string, unknown> = {},
): ChatTokenizer & { decode(ids: readonly number[]): string } {
  const vocab = Object.fromEntries([...letters(), ...SPECIAL].map((token, id) => [token, id]));
  const definition = {
    added_tokens: SPECIAL.map((content) => ({ id: vocab[content], content, special: true })),
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false },
    normalizer: null,
    post_processor: null,
    decoder: { type: 'ByteLevel' },
    model: { type: 'BPE', vocab, merges: [] },
  };
  const tokenizer = new Tokenizer(definition as never, {} as never);
  const chat = chatTokenizer({
    tokenizer,
    template: new Template(template),
    config: { eos_token: { content: '<|im_end|>' }, pad_token: '<pad>', ...config },
  });
  return { ...chat, decode: (ids) => tokenizer.decode([...ids], { skip_special_tokens: false }) };
}
