import { describe, expect, it } from 'vitest';
import { encodePairs, type EncodeOptions } from '../../src/index.js';
import { assistant, user } from '../support/chatRows.js';
import { FAMILIES } from '../support/chatTemplates.js';
import { toyChat } from '../support/toyTokenizer.js';

const TEMPLATE = `{% if tools %}<|tools|>{% for t in tools %}{{ t.function.name }};{% endfor %}{% endif %}
{%- if documents %}<|documents|>{{ documents[0].text }}{% endif %}{% if mood %}<|mood|>{{ mood }}{% endif %}
{%- for m in messages %}<|{{ m.role }}|>{{ m.content }}{% for c in m.tool_calls or [] %}<|call|>{{ c.function.name }}{% endfor %}<|end|>{% endfor %}
{%- if add_generation_prompt %}<|assistant|>{% endif %}`;
const row = { prompt: [user('Rain?')], chosen: [assistant('Yes')], rejected: [assistant('No')] };
const tools = [{ type: 'function', function: { name: 'weather' } }];
const { chat, counted, all } = toyChat(TEMPLATE);
const chosenOf = (fields: object, options: EncodeOptions = {}) => encodePairs([{ ...row, ...fields }], chat, options).pairs[0]!.chosen;
const PLAIN = '<|user|>Rain?<|end|><|assistant|>Yes<|end|>';

describe('columns of a row that the chat template reads', () => {
  it.each([
    ['tools', { tools }, '<|tools|>weather;'],
    ['tools in JSON', { tools: JSON.stringify(tools) }, '<|tools|>weather;'],
    ['no tools', { tools: null }, ''],
    ['documents', { documents: [{ text: 'It rains.' }] }, '<|documents|>It rains.'],
    ['chat_template_kwargs', { chat_template_kwargs: { mood: 'glad' } }, '<|mood|>glad'],
    ['chat_template_kwargs in JSON', { chat_template_kwargs: '{"mood": "sad"}' }, '<|mood|>sad'],
  ])('%s', (_, fields, start) => {
    expect(all(chosenOf(fields))).toBe(start + PLAIN);
  });

  it('reads columns that are named', () => {
    expect(all(chosenOf({ mood: 'glad', id: 7 }, { templateFields: ['mood'] }))).toBe(`<|mood|>glad${PLAIN}`);
  });

  it('passes over columns that change nothing, but never over one that would', () => {
    const columns = { id: 7, source: 'web', messages: [], add_generation_prompt: true, score: null };
    expect(all(chosenOf(columns))).toBe(PLAIN);
    expect(() => chosenOf({ ...columns, mood: 'glad' })).toThrow(
      'encodePairs: rows[0]: chosen: the chat template reads mood; name it in templateFields, or leave it out',
    );
  });

  it('passes over no column that changes only the generation prompt, or only one side', () => {
    const { template, config } = FAMILIES['Qwen3, which thinks or not'];
    expect(() => encodePairs([{ ...row, enable_thinking: false }], toyChat(template, config).chat)).toThrow(
      'chosen: the chat template reads enable_thinking; name it in templateFields, or leave it out',
    );
    const grumpy = toyChat("{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{{ mood if m.content == 'No' }}<|end|>{% endfor %}");
    expect(() => encodePairs([{ ...row, mood: '!' }], grumpy.chat)).toThrow('rejected: the chat template reads mood');
  });

  it('names columns that change it only together', () => {
    const both = toyChat(`{% if mood and why %}<|mood|>{% endif %}${FAMILIES['Llama 3'].template}`, FAMILIES['Llama 3'].config);
    expect(() => encodePairs([{ ...row, mood: 1, why: 2 }], both.chat)).toThrow('the chat template reads mood and why; name it');
  });

  it.each([
    ['tools', { tools: '[' }, /^encodePairs: rows\[0\]: tools is a string that is not JSON: /],
    ['chat_template_kwargs', { chat_template_kwargs: [1] }, 'encodePairs: rows[0]: chat_template_kwargs is a list, expected an object'],
  ])('refuses malformed %s', (_, fields, message) => {
    expect(() => chosenOf(fields)).toThrow(message);
  });

  it('counts nothing that the generation prompt supplies', () => {
    const { template, config } = FAMILIES['Qwen3, which thinks or not'];
    const qwen = toyChat(template, config);
    const { chosen } = encodePairs([{ ...row, chat_template_kwargs: { enable_thinking: false } }], qwen.chat).pairs[0]!;
    expect(qwen.counted(chosen)).toBe('Yes<|im_end|>\n');
  });

  it('renders rows with tools by the template for tools', () => {
    const named = [{ name: 'default', template: TEMPLATE }, { name: 'tool_use', template: `<|with_tools|>${TEMPLATE}` }]; // prettier-ignore
    const both = toyChat(TEMPLATE, {});
    expect(both.all(encodePairs([row], both.chat).pairs[0]!.chosen)).toBe(PLAIN);
    const several = toyChat(named as never);
    expect(several.all(encodePairs([{ ...row, tools }], several.chat).pairs[0]!.chosen)).toBe(`<|with_tools|><|tools|>weather;${PLAIN}`);
    expect(several.all(encodePairs([row], several.chat).pairs[0]!.chosen)).toBe(PLAIN);
  });
});

describe('calls of tools', () => {
  const calls = (name: string) => [{ type: 'function', function: { name } }];
  const called = (content: object) => ({
    chosen: [{ role: 'assistant', ...content, tool_calls: calls('weather') }],
    rejected: [{ role: 'assistant', ...content, tool_calls: calls('clock') }],
  });

  it.each([[{}], [{ content: null }], [{ content: '' }]])('count as the answer, with content %j', (content) => {
    expect(counted(chosenOf(called(content)))).toBe('<|call|>weather<|end|>');
  });

  it('count where the template renders them only without content', () => {
    const strict = toyChat(TEMPLATE.replace('{{ m.content }}{% for', '{% if m.content is not none %}{{ m.content }}{% else %}<|none|>{% for').replace('{% endfor %}<|end|>', '{% endfor %}{% endif %}<|end|>')); // prettier-ignore
    const { chosen } = encodePairs([{ ...row, ...called({}) }], strict.chat).pairs[0]!;
    expect(strict.counted(chosen)).toBe('<|none|><|call|>weather<|end|>');
  });

  it('count in the middle of a conversation, and their results do not', () => {
    const turns = (answer: string) => [...called({}).chosen, { role: 'tool', content: '12 mm' }, assistant(answer)];
    expect(counted(chosenOf({ chosen: turns('Yes'), rejected: turns('No') }))).toBe('<|call|>weather<|end|>¦Yes<|end|>');
  });

  it('are refused beside text that is rendered without them', () => {
    const silent = toyChat(FAMILIES['Llama 3'].template, FAMILIES['Llama 3'].config);
    expect(() => encodePairs([{ ...row, ...called({ content: 'Let me see.' }) }], silent.chat)).toThrow(
      'encodePairs: rows[0]: chosen: the chat template does not render the tool_calls of message 1',
    );
  });

  it('are found where the template renders only the first of a message', () => {
    const first = toyChat(TEMPLATE.replace('for c in m.tool_calls or []', 'for c in (m.tool_calls or [])[:1]'));
    const { chosen } = encodePairs([{ ...row, ...called({}) }], first.chat).pairs[0]!;
    expect(first.counted(chosen)).toBe('<|call|>weather<|end|>');
  });

  it('are refused if the template does not render them', () => {
    const silent = toyChat(FAMILIES['Llama 3'].template, FAMILIES['Llama 3'].config);
    expect(() => encodePairs([{ ...row, ...called({}) }], silent.chat)).toThrow(
      'encodePairs: rows[0]: chosen: the chat template does not render tool_calls',
    );
  });
});

describe('content in parts', () => {
  const parts = (...texts: string[]) => texts.map((text) => ({ type: 'text', text }));
  const inParts = {
    prompt: [{ role: 'user', content: parts('Rain', '?') }],
    chosen: [{ role: 'assistant', content: parts('Y', 'es') }],
    rejected: [{ role: 'assistant', content: parts('No') }],
  };

  it('is joined', () => {
    expect(all(chosenOf(inParts))).toBe(PLAIN);
  });

  it('reaches a template that wants parts', () => {
    const wanting = toyChat(TEMPLATE.replace('{{ m.content }}', '{% for p in m.content %}<|part|>{{ p.text }}{% endfor %}'));
    const { chosen } = encodePairs([inParts], wanting.chat, { textParts: 'keep' }).pairs[0]!;
    expect(wanting.counted(chosen)).toBe('<|part|>Y<|part|>es<|end|>');
  });

  it.each([
    [[{ type: 'image' }], 'chosen[0].content[0] has type "image", but only text can be encoded'],
    [[{ type: 'text' }], 'chosen[0].content[0].text is undefined, expected a string'],
    [['a'], 'chosen[0].content[0] is "a", expected { type, text }'],
    [[], 'chosen[0], the last message, is empty'],
  ])('%j is an error', (content, message) => {
    expect(() => chosenOf({ chosen: [{ role: 'assistant', content }] })).toThrow(`encodePairs: rows[0]: ${message}`);
  });
});

describe('roles', () => {
  it.each([
    ['two turns of the user', [user('Hi'), user('Rain?')]],
    ['the assistant first', [assistant('Welcome'), user('Rain?')]],
    ['two turns of the assistant', [user('Rain?'), assistant('Hm')]],
    ['a developer', [{ role: 'developer', content: 'Be brief.' }, user('Rain?')]],
    ['a later system message', [user('Hi'), assistant('Yes?'), { role: 'system', content: 'It rains.' }]],
  ])('are left to the template: %s', (_, prompt) => {
    expect(counted(chosenOf({ prompt }))).toBe('Yes<|end|>');
  });

  it('of one message need no list', () => {
    const single = { prompt: user('Rain?'), chosen: assistant('Yes'), rejected: assistant('No') };
    expect(all(chosenOf(single))).toBe(PLAIN);
  });
});

describe('the end of an answer', () => {
  const ending = toyChat(
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% if closed %}<|end|>{% endif %}{{ '\\n' }}{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}",
    {
      eos_token: '<|eos|>',
    },
  );
  const answerOf = (fields: object, options: EncodeOptions = {}) =>
    ending.counted(encodePairs([{ ...row, ...fields }], ending.chat, options).pairs[0]!.chosen);
  const closed = { chat_template_kwargs: { closed: true } };

  it('is the end token where the template writes none, also if other rows have one', () => {
    const { pairs } = encodePairs([row, { ...row, ...closed }, row], ending.chat);
    expect(pairs.map(({ chosen }) => ending.counted(chosen))).toEqual(['Yes\n<|eos|>', 'Yes<|end|>\n', 'Yes\n<|eos|>']);
  });

  it('can be left out or asked for, and is not written twice', () => {
    expect(answerOf({}, { addEos: false })).toBe('Yes\n');
    expect(answerOf(closed, { addEos: true })).toBe('Yes<|end|>\n<|eos|>');
    const { template, config } = FAMILIES['ChatML, with a default system message'];
    const chatml = toyChat(template, config);
    expect(chatml.counted(encodePairs([row], chatml.chat, { addEos: true }).pairs[0]!.chosen)).toBe('Yes<|im_end|>\n');
  });

  it('must exist', () => {
    const endless = toyChat('{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}');
    expect(() => encodePairs([row], endless.chat)).toThrow(
      'encodePairs: rows[0]: the last answer ends with no token, and the tokenizer has no eos_token_id; set addEos to false to allow that',
    );
  });
});

describe('turns that count', () => {
  const turns = (first: object, last: object, answer = 'Yes') => [user('A?'), { ...assistant('a'), ...first }, user('B?'), { ...assistant(answer), ...last }]; // prettier-ignore
  const encodedTurns = (first: object, last: object) =>
    chosenOf({ prompt: null, chosen: turns(first, last), rejected: turns(first, last, 'No') });

  it('are those without `train: false` or a weight of 0', () => {
    expect(counted(encodedTurns({ train: false }, {}))).toBe('Yes<|end|>');
    expect(counted(encodedTurns({ weight: 0 }, { weight: null, train: null }))).toBe('Yes<|end|>');
    expect(counted(encodedTurns({}, { train: false, weight: 1 }))).toBe('a<|end|>');
    expect(encodedTurns({ train: false }, {})).not.toHaveProperty('weights');
  });

  it('have the weight of their message', () => {
    const { tokens, mask, weights } = encodedTurns({ weight: 0.5 }, { weight: 2 });
    expect(tokens.flatMap((_, t) => (mask[t] === 1 ? [weights![t]] : []))).toEqual([0.5, 0.5, 2, 2, 2, 2]);
    expect(mask.every((m, t) => (m === 0) === (weights![t] === 0))).toBe(true);
  });

  it.each([
    [{ weight: -1 }, 'chosen[1].weight is -1, expected a finite number >= 0'],
    [{ weight: NaN }, 'chosen[1].weight is NaN, expected a finite number >= 0'],
    [{ weight: '1' }, 'chosen[1].weight is "1", expected a finite number >= 0'],
    [{ train: 1 }, 'chosen[1].train is a number, expected true or false'],
    [{ role: 'user', train: true }, 'chosen[1] has role user, but only turns of the assistant can count'],
    [{ role: 'user', weight: 1 }, 'chosen[1] has role user, but only turns of the assistant can count'],
  ])('%j is an error', (first, message) => {
    expect(() => encodedTurns(first, {})).toThrow(`encodePairs: rows[0]: ${message}`);
  });

  it('leave no row without a counted token', () => {
    expect(() => encodedTurns({ train: false }, { train: false })).toThrow('chosen has no counted token after its first token');
  });

  it('do not show their marks to the template', () => {
    const showing = toyChat(TEMPLATE.replace('{{ m.content }}', "{{ m.content }}{{ 'train' if m.train is defined }}"));
    const marked = { ...row, chosen: [{ ...assistant('Yes'), train: true }] };
    expect(showing.all(encodePairs([marked], showing.chat).pairs[0]!.chosen)).toBe(PLAIN);
  });
});

describe('the weight of a row', () => {
  it('is copied to its pair', () => {
    const rows = [{ ...row, weight: 0.25 }, row, { ...row, weight: null }];
    expect(encodePairs(rows, chat).pairs.map(({ weight }) => weight)).toEqual([0.25, undefined, undefined]);
    expect(() => encodePairs([{ ...row, weight: -1 }], chat)).toThrow('encodePairs: rows[0]: weight is -1, expected a finite number >= 0');
  });
});
