import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  encodePairs,
  encodeUnpaired,
  extractPrompt,
  parseJsonl,
  type ChatTokenizer,
  type PreferenceRow,
  type TextTokenizer,
} from '../../src/index.js';
import { byteTokenizer, CHATML } from '../support/chat.js';
import { tokenizer, user, assistant, counted, all, one } from '../support/chatRows.js';

const noCompletion = (maxLength: number) =>
  `within ${maxLength} tokens, a completion has no counted token after the first token of the row`;

describe('encodePairs', () => {
  const multiTurn = {
    chosen: [{ role: 'system', content: '' }, user('Où?'), assistant('Là 👋🏽'), user('不'), assistant('是')],
    rejected: [{ role: 'system', content: '' }, user('Où?'), assistant('Là 👋🏽'), user('不'), assistant('No')],
  };

  it('counts every assistant turn, including its end token', () => {
    const { chosen, rejected, row } = one(multiTurn);
    expect(row).toBe(0);
    expect(all(chosen)).toBe(
      '<|im_start|>system\n<|im_end|>\n<|im_start|>user\nOù?<|im_end|>\n<|im_start|>assistant\nLà 👋🏽<|im_end|>\n<|im_start|>user\n不<|im_end|>\n<|im_start|>assistant\n是<|im_end|>\n',
    );
    expect(counted(chosen)).toBe('Là 👋🏽<|im_end|>\n|是<|im_end|>\n');
    expect(counted(rejected)).toBe('Là 👋🏽<|im_end|>\n|No<|im_end|>\n');
  });

  it('counts only the last assistant turn if asked to', () => {
    expect(counted(one(multiTurn, { assistantTurns: 'last' }).chosen)).toBe('是<|im_end|>\n');
  });

  it('counts no assistant turn of the prompt, and every one after it', () => {
    expect(counted(one(extractPrompt(multiTurn)).chosen)).toBe('是<|im_end|>\n');
    const long = { prompt: [user('a')], chosen: [assistant('b'), user('c'), assistant('d')], rejected: [assistant('e')] };
    expect(counted(one(long).chosen)).toBe('b<|im_end|>\n|d<|im_end|>\n');
    expect(all(one(long).rejected)).toBe('<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\ne<|im_end|>\n');
  });

  it('does not count tool results', () => {
    const chosen = [user('2+2'), assistant('add'), { role: 'tool', content: '4' }, { role: 'tool', content: '5' }, assistant('4')];
    expect(counted(one({ chosen, rejected: [user('2+2'), assistant('5')] }).chosen)).toBe('add<|im_end|>\n|4<|im_end|>\n');
  });

  it('joins strings and appends the end token', () => {
    const { chosen, rejected } = one({ prompt: 'Q:', chosen: ' yes 👍', rejected: ' no' });
    expect([all(chosen), counted(chosen)]).toEqual(['Q: yes 👍<|im_end|>', ' yes 👍<|im_end|>']);
    expect([all(rejected), counted(rejected)]).toEqual(['Q: no<|im_end|>', ' no<|im_end|>']);
    // Without a prompt, the whole text is counted; without an end token, none is appended.
    const endless = encodePairs([{ chosen: 'ab', rejected: 'ac' }], { ...tokenizer, eos_token_id: undefined }).pairs[0]!;
    expect([all(endless.chosen), counted(endless.chosen)]).toEqual(['ab', 'ab']);
  });

  it('refuses a completion without a token that can be predicted', () => {
    const endless = { ...tokenizer, eos_token_id: undefined };
    const rows = [{ chosen: 'a', rejected: 'bc' }];
    expect(() => encodePairs(rows, endless)).toThrow('encodePairs: rows[0]: chosen has no counted token after its first token');
    const mute = { ...endless, encode: (text: string) => (text.includes('none') ? [1, 2] : [1, 2, 3]) };
    expect(() => encodePairs([{ prompt: 'none', chosen: 'none', rejected: 'yes' }], mute)).toThrow(
      'encodePairs: rows[0]: chosen has no counted token after its first token',
    );
  });

  it('encodes the sample of hh-rlhf', () => {
    const rows = parseJsonl(readFileSync(new URL('../../examples/data/hh-rlhf-sample.jsonl', import.meta.url), 'utf8'));
    const { pairs, dropped } = encodePairs(rows, tokenizer);
    expect([pairs.length, dropped]).toEqual([56, []]);
    pairs.forEach(({ chosen, rejected }, i) => {
      const row = rows[i] as { chosen: { content: string }[]; rejected: { content: string }[] };
      expect(counted(chosen)).toBe(`${row.chosen[0]!.content}<|im_end|>\n`);
      expect(counted(rejected)).toBe(`${row.rejected[0]!.content}<|im_end|>\n`);
    });
  });

  describe('truncation', () => {
    const row = { prompt: 'prompt:', chosen: 'abcd', rejected: 'xy' }; // 12 and 10 tokens

    it('keeps the start', () => {
      const { chosen, rejected } = one(row, { maxLength: 9, truncation: 'keepStart' });
      expect([all(chosen), counted(chosen), all(rejected)]).toEqual(['prompt:ab', 'ab', 'prompt:xy']);
    });

    it('keeps the end, with the same part of the prompt on both sides', () => {
      const { chosen, rejected } = one(row, { maxLength: 8, truncation: 'keepEnd' });
      expect([all(chosen), all(rejected)]).toEqual(['pt:abcd<|im_end|>'.slice(0), 'pt:xy<|im_end|>']);
      const none = one(row, { maxLength: 4, truncation: 'keepEnd' });
      expect([all(none.chosen), all(none.rejected), none.rejected.mask]).toEqual(['bcd<|im_end|>', ':xy<|im_end|>', [0, 1, 1, 1]]);
    });

    it('keeps what fits of the prompt next to a short answer where the other side leaves no room for it, and reports the row', () => {
      const uneven = { prompt: 'p'.repeat(30), chosen: 'ab', rejected: 'r'.repeat(39) };
      const { pairs, dropped, promptless } = encodePairs([row, uneven], tokenizer, { maxLength: 24, truncation: 'keepEnd' });
      expect([all(pairs[1]!.chosen), all(pairs[1]!.rejected)]).toEqual([`${'p'.repeat(21)}ab<|im_end|>`, `${'r'.repeat(23)}<|im_end|>`]);
      expect([dropped, promptless]).toEqual([[], [{ row: 1, sides: ['rejected'] }]]);
    });

    it('counts what the answers share to them, and not to the prompt', () => {
      const alike = { prompt: '0123456789', chosen: 'abcX', rejected: `abc${'Y'.repeat(20)}` };
      const { chosen, rejected } = one(alike, { maxLength: 22, truncation: 'keepEnd' });
      expect([all(chosen), all(rejected)]).toEqual(['0123456789abcX<|im_end|>', `c${'Y'.repeat(20)}<|im_end|>`]);
    });

    it('reports examples that lose their prompt', () => {
      const options = { maxLength: 3, truncation: 'keepEnd' } as const;
      const { examples, promptless } = encodeUnpaired([{ prompt: 'p', completion: 'yes', label: false }], tokenizer, options);
      expect([all(examples[0]!), promptless]).toEqual(['es<|im_end|>', [{ row: 0, sides: ['completion'] }]]);
    });

    it('cuts weights with their tokens', () => {
      const turns = (answer: string) => [user('a'), { ...assistant(answer), weight: 2 }];
      const whole = one({ chosen: turns('yes'), rejected: turns('no') });
      const cut = one(
        { chosen: turns('yes'), rejected: turns('no') },
        { maxLength: whole.chosen.tokens.length - 5, truncation: 'keepEnd' },
      );
      expect(cut.chosen.weights).toEqual(whole.chosen.weights!.slice(5));
    });

    it('drops and reports only rows that lose a completion', () => {
      const short = { prompt: 'p', chosen: 'a', rejected: 'b' };
      const { pairs, dropped } = encodePairs([short, row, short], tokenizer, { maxLength: 7, truncation: 'keepStart' });
      expect(pairs.map((pair) => pair.row)).toEqual([0, 2]);
      expect(dropped).toEqual([{ row: 1, reason: noCompletion(7) }]);
    });

    it('cuts the shared start of both sides equally, even inside a counted turn', () => {
      const shared = [user('hi'), assistant('HELLO'), user('more')];
      const chat = { chosen: [...shared, assistant('a longer answer')], rejected: [...shared, assistant('no')] };
      const whole = one(chat);
      const cut = one(chat, { maxLength: whole.chosen.tokens.length - 20, truncation: 'keepEnd' });
      for (const side of ['chosen', 'rejected'] as const) {
        expect(cut[side].tokens).toEqual(whole[side].tokens.slice(20));
        expect(cut[side].mask).toEqual(whole[side].mask.slice(20));
      }
      // The cut is inside the first answer.
      expect(counted(cut.rejected)).toMatch(/^[^|]*LO<\|im_end\|>\n\|no<\|im_end\|>\n$/);
    });

    it('drops a row if either side keeps no completion', () => {
      const late = { chosen: [user('a'), assistant('b')], rejected: [user('a long question'), assistant('c')] };
      const options = { maxLength: 30, truncation: 'keepStart' } as const;
      const { chosen } = one(late);
      expect(chosen.mask.indexOf(1)).toBeLessThan(30);
      for (const row of [late, { chosen: late.rejected, rejected: late.chosen }])
        expect(encodePairs([row], tokenizer, options).dropped).toEqual([{ row: 0, reason: noCompletion(30) }]);
    });

    it('must be chosen explicitly, and drops rows whose sides become equal', () => {
      expect(() => encodePairs([row], tokenizer, { maxLength: 11 })).toThrow(
        'encodePairs: rows[0] has 12 tokens, expected at most 11; set truncation to cut longer rows',
      );
      expect(one(row, { maxLength: 12 }).chosen.tokens).toHaveLength(12);
      const late = { prompt: 'p', chosen: 'same a', rejected: 'same b' };
      expect(encodePairs([late, row], tokenizer, { maxLength: 9, truncation: 'keepStart' }).pairs.map((p) => p.row)).toEqual([0, 1]);
      expect(encodePairs([late, row], tokenizer, { maxLength: 4, truncation: 'keepStart' }).dropped).toEqual([
        { row: 0, reason: 'within 4 tokens, both sides are the same' },
        { row: 1, reason: noCompletion(4) },
      ]);
    });
  });

  const turns = [user('a'), assistant('b')];
  it.each<[string, unknown, string]>([
    ['a string instead of an object', 'text', ' is "text", expected { chosen, rejected }'],
    ['a missing field', { chosen: turns }, ' lacks rejected, expected { chosen, rejected }'],
    ['a number for a side', { chosen: 1, rejected: turns }, ': chosen is a number, expected a string or a list of messages'],
    [
      'messages after a string',
      { prompt: 'a', chosen: turns, rejected: turns },
      ': chosen is a whole conversation but prompt is a string; rows of whole conversations go through fromConversations',
    ],
    ['a string after messages', { prompt: turns, chosen: 'a', rejected: 'b' }, ': chosen is a string but prompt is not'],
    ['an empty string', { prompt: 'a', chosen: '\n', rejected: 'b' }, ': chosen is empty'],
    ['an empty list', { chosen: [], rejected: turns }, ': chosen is empty'],
    ['an empty answer', { chosen: [user('a'), assistant(' ')], rejected: turns }, ': chosen[1], the last message, is empty'],
    [
      'a user message at the end',
      { prompt: [user('a')], chosen: turns.slice(1), rejected: [assistant('x'), user('y')] },
      ': rejected[1], the last message, has role user, expected assistant',
    ],
    [
      'a message like ShareGPT',
      { chosen: [{ from: 'human', value: 'a' }], rejected: turns },
      ': chosen[0] has from and value; rows of ShareGPT go through fromShareGpt',
    ],
    [
      'rows like ShareGPT',
      { conversations: [], chosen: turns },
      ' lacks rejected, expected { chosen, rejected }; rows of ShareGPT go through fromShareGpt',
    ],
    ['a message without content', { chosen: [{ role: 'user' }], rejected: turns }, ': chosen[0].content is undefined, expected a string'],
    ['a null message', { prompt: [null], chosen: turns, rejected: turns }, ': prompt[0] is null, expected { role, content }'],
    ['two equal sides', { chosen: turns, rejected: turns }, ': chosen and rejected are the same'],
  ])('throws an error that names the row, or drops the row: %s', (_, row, message) => {
    const good: PreferenceRow = { prompt: 'a', chosen: 'b', rejected: 'c' };
    expect(() => encodePairs([good, row], tokenizer)).toThrow(new RangeError(`encodePairs: rows[1]${message}`));
    const { pairs, dropped } = encodePairs([row, good], tokenizer, { dropBadRows: true });
    expect(pairs.map((pair) => pair.row)).toEqual([1]);
    expect(dropped).toEqual([{ row: 0, reason: message.replace(/^: |^ /, '') }]);
  });

  it('names the row for which a template fails, and gives the cause', () => {
    const strict = byteTokenizer(`{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}${CHATML}`);
    const { pairs, dropped } = encodePairs([multiTurn, { chosen: turns, rejected: [user('a'), assistant('c')] }], strict, {
      dropBadRows: true,
    });
    expect(pairs).toHaveLength(1);
    expect(dropped).toEqual([{ row: 0, reason: expect.stringMatching(/^chosen: the chat template failed: .*no system/) as string }]);
    expect(() => encodePairs([multiTurn], strict)).toThrow(/^encodePairs: rows\[0\]: chosen: the chat template failed: /);
  });

  it.each<[string, unknown[], string]>([
    ['rows', [{}, tokenizer], 'encodePairs: rows is a value of type Object, expected a list'],
    [
      'tokenizer',
      [[], undefined],
      'encodePairs: tokenizer is undefined, expected an object with encode, and with apply_chat_template for messages',
    ],
    [
      'an option',
      [[], tokenizer, { maxLenght: 3 }],
      'encodePairs: unknown option maxLenght, expected maxLength, truncation, maxTurns, maxCharacters, dropBadRows, assistantTurns, templateFields, textParts, addBos, addEos',
    ],
    ['maxLength', [[], tokenizer, { maxLength: 0 }], 'encodePairs: maxLength must be an integer >= 1, got 0'],
    [
      'truncation',
      [[], tokenizer, { maxLength: 5, truncation: 'left' }],
      'encodePairs: truncation must be one of "keepStart", "keepEnd", got "left"',
    ],
    [
      'truncation without maxLength',
      [[], tokenizer, { truncation: 'keepEnd' }],
      'encodePairs: truncation would be ignored without maxLength',
    ],
    [
      'assistantTurns',
      [[], tokenizer, { assistantTurns: 'first' }],
      'encodePairs: assistantTurns must be one of "all", "last", got "first"',
    ],
    ['dropBadRows', [[], tokenizer, { dropBadRows: 1 }], 'encodePairs: dropBadRows is a number, expected true or false'],
  ])('checks %s', (_, args, message) => {
    expect(() => encodePairs(...(args as Parameters<typeof encodePairs>))).toThrow(message);
  });

  it('needs only `encode` for text, and says so', () => {
    const own: TextTokenizer = { encode: (text) => Array.from(text, (letter) => letter.codePointAt(0)!) };
    const { pairs } = encodePairs([{ prompt: 'p', chosen: 'ab', rejected: 'c' }], own);
    expect(pairs[0]!.chosen).toEqual({ tokens: [112, 97, 98], mask: [0, 1, 1] });
    // @ts-expect-error A function is not a tokenizer.
    expect(() => encodePairs([], () => [1])).toThrow(
      'encodePairs: tokenizer is a function, expected an object with encode, and with apply_chat_template for messages',
    );
    expect(() => encodePairs([{ chosen: turns, rejected: [user('a'), assistant('c')] }], own)).toThrow(
      new TypeError('encodePairs: rows[0]: chosen: messages need a tokenizer with apply_chat_template'),
    );
  });

  it('throws on a faulty tokenizer even if bad rows are dropped', () => {
    const odd = { ...tokenizer, apply_chat_template: () => ({ input_ids: [1] }) } as ChatTokenizer;
    expect(() => encodePairs([{ chosen: turns, rejected: [user('a'), assistant('c')] }], odd, { dropBadRows: true })).toThrow(
      new TypeError('encodePairs: rows[0]: chosen: apply_chat_template returned a value of type Object, expected a list of token ids'),
    );
    const bare = { encode: (text: string) => tokenizer.encode(text, { add_special_tokens: false }) } as unknown as ChatTokenizer;
    expect(() => encodePairs([{ chosen: turns, rejected: [user('a'), assistant('c')] }], bare, { dropBadRows: true })).toThrow(
      new TypeError('encodePairs: rows[0]: chosen: messages need a tokenizer with apply_chat_template'),
    );
    const text = { prompt: 'p', chosen: 'a', rejected: 'b' };
    const half = { ...bare, encode: () => [1, undefined] } as unknown as ChatTokenizer;
    expect(() => encodePairs([text], half, { dropBadRows: true })).toThrow(
      new TypeError('encodePairs: rows[0]: chosen: encode returned a list that contains undefined, expected token ids'),
    );
  });

  it('names the row for which a tokenizer fails, and gives the cause', () => {
    const failing = {
      ...tokenizer,
      encode: () => {
        throw new Error('bad surrogate');
      },
    };
    const text = { prompt: 'p', chosen: 'a', rejected: 'b' };
    expect(() => encodePairs([text], failing)).toThrow('encodePairs: rows[0]: chosen: the tokenizer failed: bad surrogate');
    expect(encodePairs([text], failing, { dropBadRows: true }).dropped).toEqual([
      { row: 0, reason: 'chosen: the tokenizer failed: bad surrogate' },
    ]);
  });

  it.each([
    [1, 'role is a number'],
    ['', 'role is ""'],
  ])('refuses the role %j', (role, message) => {
    expect(() => encodePairs([{ chosen: [{ role, content: 'a' }], rejected: turns }], tokenizer)).toThrow(message);
  });
});

describe('encodeUnpaired', () => {
  it('encodes completions with their labels', () => {
    const rows = [
      { prompt: [user('Q')], completion: [assistant('A')], label: false },
      { completion: [user('Q'), assistant('A'), user('R'), assistant('B')], label: true },
    ];
    const { examples } = encodeUnpaired(rows, tokenizer);
    expect(examples.map((e) => [e.row, e.label, counted(e)])).toEqual([
      [0, false, 'A<|im_end|>\n'],
      [1, true, 'A<|im_end|>\n|B<|im_end|>\n'],
    ]);
  });

  it('truncates and reports', () => {
    const rows = [{ prompt: 'prompt', completion: 'yes', label: true }];
    expect(encodeUnpaired(rows, tokenizer, { maxLength: 6, truncation: 'keepStart' })).toEqual({
      examples: [],
      dropped: [{ row: 0, reason: noCompletion(6) }],
      promptless: [],
    });
    expect(encodeUnpaired(rows, tokenizer, { maxLength: 6, truncation: 'keepEnd' }).examples[0]!.mask).toEqual([0, 0, 1, 1, 1, 1]);
  });

  it('names a row whose label or completion is missing or wrong', () => {
    expect(() => encodeUnpaired([{ prompt: 'a', completion: 'b', label: 2 }], tokenizer)).toThrow(
      'encodeUnpaired: rows[0]: label is a number, expected true or false',
    );
    expect(() => encodeUnpaired([{ prompt: 'a', label: true }], tokenizer)).toThrow(
      'encodeUnpaired: rows[0] lacks completion, expected { completion, label }',
    );
  });
});
