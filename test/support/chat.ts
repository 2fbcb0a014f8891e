import { Template } from '@huggingface/jinja';
import { Tokenizer } from '@huggingface/tokenizers';
import { chatTokenizer, type ChatTokenizer } from '../../src/index.js';
import { byteLevelBpe } from '../../tools/byteLevelBpe.js';

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
  const special = SPECIAL.map((content, i) => ({ id: 256 + i, content }));
  const tokenizer = new Tokenizer(byteLevelBpe({ tokens: vocabulary, merges: [], special }) as never, {} as never);
  const chat = chatTokenizer({
    tokenizer,
    template: new Template(template),
    config: { eos_token: { content: '<|im_end|>' }, pad_token: '<pad>', ...config },
  });
  return { ...chat, decode: (ids) => tokenizer.decode([...ids], { skip_special_tokens: false }) };
}
