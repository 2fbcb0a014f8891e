import { describe, expect, it } from 'vitest';
import { chatTokenizer } from '../../src/index.js';
import { byteTokenizer, CHATML } from '../support/chat.js';
import { tokenizer } from '../support/chatRows.js';

describe('chatTokenizer', () => {
  it('takes special tokens from its configuration, and passes all of it to the template', () => {
    expect([tokenizer.eos_token_id, tokenizer.pad_token_id]).toEqual([257, 258]);
    const bare = byteTokenizer('{{ eos_token }}{{ flavour }}', { pad_token: null, flavour: 'mint' });
    expect(bare.pad_token_id).toBeUndefined();
    const ids = bare.apply_chat_template([], { add_generation_prompt: false, tokenize: true, return_tensor: false, return_dict: false });
    expect(bare.decode(ids as number[])).toBe('<|im_end|>mint');
  });

  it('passes missing tools and documents to the template as none, as transformers does', () => {
    const template = '{% if tools is none and documents is none and bos_token is not defined %}none{% endif %}';
    const bare = byteTokenizer(template, { bos_token: null });
    const ids = bare.apply_chat_template([], { add_generation_prompt: false, tokenize: true, return_tensor: false, return_dict: false });
    expect(bare.decode(ids as number[])).toBe('none');
  });

  it('names a token that the tokenizer does not know', () => {
    expect(() => byteTokenizer(CHATML, { eos_token: '</s>' })).toThrow(
      new RangeError('chatTokenizer: eos_token is "</s>", which the tokenizer does not know'),
    );
  });

  const part = { encode: () => ({ ids: [1] }), token_to_id: () => 1 };
  it.each([
    [undefined, 'parts is undefined, expected { tokenizer, template }'],
    [{ tokenizer: part }, 'parts lacks template, expected { tokenizer, template }'],
    [{ tokenizer: part, template: CHATML }, `template is ${JSON.stringify(`${CHATML.slice(0, 80)}…`)}, expected an object with render`],
    [
      { tokenizer: {}, template: { render: () => '' } },
      'tokenizer is a value of type Object, expected an object with encode and token_to_id',
    ],
  ])('%j is an error', (parts, message) => {
    expect(() => chatTokenizer(parts as never)).toThrow(new TypeError(`chatTokenizer: ${message}`));
  });

  it('names what its tokenizer must return', () => {
    const list = chatTokenizer({ tokenizer: { ...part, encode: () => [1] as never }, template: { render: () => '' } });
    expect(() => list.encode('a', { add_special_tokens: false })).toThrow(
      'chatTokenizer: the result of tokenizer.encode is a list, expected { ids }',
    );
  });

  it('encodes without adding special tokens', () => {
    const asked: unknown[] = [];
    const encode = (_: string, options: unknown) => (asked.push(options), { ids: [1] });
    chatTokenizer({ tokenizer: { encode, token_to_id: () => 1 }, template: { render: () => '' } }).encode('a', {
      add_special_tokens: false,
    });
    expect(asked).toEqual([{ add_special_tokens: false }]);
  });
});
