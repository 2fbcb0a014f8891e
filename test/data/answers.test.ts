import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodePairs, type EncodeOptions } from '../../src/index.js';
import { assistant, user } from '../support/chatRows.js';
import { FAMILIES, type FamilyName } from '../support/chatTemplates.js';
import { toyChat } from '../support/toyTokenizer.js';

/** Text that counts on the chosen side of a row, and the text of the whole side. */
function encoded(name: FamilyName, row: object, options: EncodeOptions = {}): { counted: string; all: string } {
  const { chat, counted, all } = toyChat(FAMILIES[name].template, FAMILIES[name].config);
  const { chosen } = encodePairs([row], chat, options).pairs[0]!;
  return { counted: counted(chosen), all: all(chosen) };
}

const oneTurn = { prompt: [user('Which?')], chosen: [assistant('This.')], rejected: [assistant('That.')] };
const threeTurns = {
  chosen: [user('Hi'), assistant('Yes?'), user('2+2?'), assistant('4'), user('Sure?'), assistant('Yes.')],
  rejected: [user('Hi'), assistant('Yes?'), user('2+2?'), assistant('4'), user('Sure?'), assistant('No.')],
};
const reasoned = {
  chosen: [user('Hi'), { ...assistant('Yes?'), reasoning_content: 'R1', thinking: 'R1' }, user('2+2?'), { ...assistant('4'), reasoning_content: 'R2', thinking: 'R2' }], // prettier-ignore
  rejected: [user('Hi'), assistant('Yes?'), user('2+2?'), assistant('5')],
};

/** What counts, stated by hand: in one turn, in three, and with reasoning. */
const COUNTED: Readonly<Record<FamilyName, readonly [one: string, three: string, reasoned: string]>> = {
  'ChatML, with a default system message': [
    'This.<|im_end|>\n',
    'Yes?<|im_end|>\n¦4<|im_end|>\n¦Yes.<|im_end|>\n',
    'Yes?<|im_end|>\n¦4<|im_end|>\n',
  ],
  'Llama 3': ['This.<|eot_id|>', 'Yes?<|eot_id|>¦4<|eot_id|>¦Yes.<|eot_id|>', 'Yes?<|eot_id|>¦4<|eot_id|>'],
  Mistral: [' This.</s>', ' Yes?</s>¦ 4</s>¦ Yes.</s>', ' Yes?</s>¦ 4</s>'],
  Gemma: ['This.<end_of_turn>\n', 'Yes?<end_of_turn>\n¦4<end_of_turn>\n¦Yes.<end_of_turn>\n', 'Yes?<end_of_turn>\n¦4<end_of_turn>\n'],
  'Phi-3': ['This.<|end|>\n<|endoftext|>', 'Yes?<|end|>\n¦4<|end|>\n¦Yes.<|end|>\n<|endoftext|>', 'Yes?<|end|>\n¦4<|end|>\n<|endoftext|>'],
  'gpt-oss': [
    '<|channel|>final<|message|>This.<|return|>',
    '<|channel|>final<|message|>Yes?<|end|>¦<|channel|>final<|message|>4<|end|>¦<|channel|>final<|message|>Yes.<|return|>',
    '<|channel|>final<|message|>Yes?<|end|>¦<|channel|>analysis<|message|>R2<|end|><|start|>assistant<|channel|>final<|message|>4<|return|>',
  ],
  'Qwen3, which thinks or not': [
    '<think>\n\n</think>\n\nThis.<|im_end|>\n',
    'Yes?<|im_end|>\n¦4<|im_end|>\n¦<think>\n\n</think>\n\nYes.<|im_end|>\n',
    'Yes?<|im_end|>\n¦<think>\nR2\n</think>\n\n4<|im_end|>\n',
  ],
  'Qwen3.5, whose prompt opens the thinking': [
    '\n</think>\n\nThis.<|im_end|>\n',
    'Yes?<|im_end|>\n¦4<|im_end|>\n¦\n</think>\n\nYes.<|im_end|>\n',
    'Yes?<|im_end|>\n¦R2\n</think>\n\n4<|im_end|>\n',
  ],
  'DeepSeek-V3.1': ['This.<｜end of sentence｜>', 'Yes?<｜end of sentence｜>¦4<｜end of sentence｜>¦Yes.<｜end of sentence｜>', 'Yes?<｜end of sentence｜>¦4<｜end of sentence｜>'], // prettier-ignore
  'DeepSeek-R1, which forgets what it thought': ['This.<｜end of sentence｜>', 'Yes?<｜end of sentence｜>¦4<｜end of sentence｜>¦Yes.<｜end of sentence｜>', 'Yes?<｜end of sentence｜>¦4<｜end of sentence｜>'], // prettier-ignore
  'Nemotron 3': [
    '</think>This.<|im_end|>\n',
    '</think>Yes?<|im_end|>\n¦</think>4<|im_end|>\n¦</think>Yes.<|im_end|>\n',
    '</think>Yes?<|im_end|>\n¦R2</think>4<|im_end|>\n',
  ],
  'GLM-4.5, without an end of turn': [
    '\n<think></think>\nThis.<|endoftext|>',
    '\n<think></think>\nYes?¦\n<think></think>\n4¦\n<think></think>\nYes.<|endoftext|>',
    '\n<think>R1</think>\nYes?¦\n<think>R2</think>\n4<|endoftext|>',
  ],
  'Command R': [
    'This.<|END_OF_TURN_TOKEN|>',
    'Yes?<|END_OF_TURN_TOKEN|>¦4<|END_OF_TURN_TOKEN|>¦Yes.<|END_OF_TURN_TOKEN|>',
    'Yes?<|END_OF_TURN_TOKEN|>¦4<|END_OF_TURN_TOKEN|>',
  ],
};

describe.each(Object.entries(COUNTED) as [FamilyName, readonly [string, string, string]][])('%s', (name, [one, three, withReasoning]) => {
  it('counts the answer of a pair', () => {
    expect(encoded(name, oneTurn).counted).toBe(one);
  });

  it('counts every answer of a conversation, and only them', () => {
    expect(encoded(name, threeTurns).counted).toBe(three);
  });

  it('counts the reasoning where the template writes it, in rows with and without', () => {
    expect(encoded(name, reasoned).counted).toBe(withReasoning);
  });

  it('counts only the last answer if asked to', () => {
    expect(encoded(name, threeTurns, { assistantTurns: 'last' }).counted).toBe(three.split('¦').at(-1));
  });

  it('renders the conversation as the template does', () => {
    const { template, config } = FAMILIES[name];
    const { chat, all } = toyChat(template, config);
    const rendered = chat.apply_chat_template(threeTurns.chosen, { add_generation_prompt: false, tokenize: true, return_tensor: false, return_dict: false }); // prettier-ignore
    const end = name.startsWith('GLM') ? '<|endoftext|>' : '';
    expect(encoded(name, threeTurns).all).toBe(all({ tokens: rendered as number[], mask: [] }) + end);
  });
});

describe('any conversation', () => {
  const answers = fc.array(fc.tuple(fc.stringMatching(/^[A-Z]{1,9}$/), fc.stringMatching(/^[a-z]{1,9}$/)), { minLength: 1, maxLength: 12 });

  it.each(Object.keys(FAMILIES) as FamilyName[])('counts all of its answers, and nothing that others say: %s', (name) => {
    const { chat, counted } = toyChat(FAMILIES[name].template, FAMILIES[name].config);
    const isSaid = /(?:<[^<>]*>|\[[^\]]*\]|assistant|final|analysis)/g;
    fc.assert(
      fc.property(answers, (turns) => {
        const messages = turns.flatMap(([question, answer]) => [user(question), assistant(answer)]);
        const rejected = [...messages.slice(0, -1), assistant('0')];
        const said = counted(encodePairs([{ chosen: messages, rejected }], chat).pairs[0]!.chosen)
          .split('¦')
          .map((text) => text.replaceAll(isSaid, '').trim());
        expect(said).toEqual(turns.map(([, answer]) => answer.replaceAll(isSaid, '')));
      }),
      { numRuns: 30, seed: 18 },
    );
  });
});

describe('templates for which an answer cannot be found', () => {
  const marked = (content: string) => `{% for m in messages %}<|\u007b{ m.role }}|>${content}<|end|>{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}`.replaceAll('\u007b{', '{{'); // prettier-ignore
  const fail =
    (template: string, row: object = threeTurns) =>
    () =>
      encodePairs([oneTurn, row], toyChat(template).chat);

  it('names a turn that the template drops once others follow', () => {
    const forgetful = marked('{% if loop.index0 + 3 > messages | length %}{{ m.content }}{% else %}...{% endif %}');
    expect(fail(`{{ messages | length }}${forgetful}`)).toThrow(
      'encodePairs: rows[1]: chosen: the chat template does not render the text of message 1',
    );
  });

  it('names an answer that the template writes in two places', () => {
    const twice = `${marked('{{ m.content }}')}{{ messages[-1].content }}`;
    expect(fail(twice)).toThrow('encodePairs: rows[0]: chosen: the chat template renders the text of message 1 in two places');
  });

  it('names answers of which nothing is rendered', () => {
    expect(fail(marked('{% if m.role == "user" %}{{ m.content }}{% endif %}'))).toThrow(
      'encodePairs: rows[0]: chosen: the chat template does not render the text of message 1',
    );
  });

  it('refuses different conversations that are rendered the same', () => {
    const short = marked('{{ m.content[:2] }}');
    expect(fail(short)).toThrow('encodePairs: rows[0]: chosen and rejected are the same');
  });

  it('names an answer that starts in no known way', () => {
    const other = `{{ messages | length }}{% for m in messages %}{% if m.role == 'user' %}<|user|>{% else %}<|bot|>{% endif %}{{ m.content }}<|end|>{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}`;
    expect(fail(other)).toThrow(
      'rows[0]: chosen: the chat template renders message 1 without the generation prompt, so where it starts cannot be found',
    );
  });

  it('finds the answers where the template begins with something that depends on all messages', () => {
    const counting = toyChat(`{{ messages | length }}${marked('{{ m.content }}')}`);
    const { chosen } = encodePairs([threeTurns], counting.chat).pairs[0]!;
    expect(counting.counted(chosen)).toBe('Yes?<|end|>¦4<|end|>¦Yes.<|end|>');
  });

  it('finds an answer before which the turns have no end while it is missing', () => {
    const between = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% if not loop.last %}<|end|>{% endif %}{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}<|stop|>"; // prettier-ignore
    const { chat, counted } = toyChat(between);
    expect(counted(encodePairs([threeTurns], chat).pairs[0]!.chosen)).toBe('Yes?<|end|>¦4<|end|>¦Yes.<|stop|>');
  });

  it('finds the end of a rewritten turn where each role starts with a token of its own, after a system message', () => {
    const own =
      "{{ messages | length }}{% if messages[0].role != 'system' %}<|system|>Be kind.<|end|>{% endif %}" + marked('{{ m.content }}');
    const { chat, counted } = toyChat(own);
    expect(counted(encodePairs([threeTurns], chat).pairs[0]!.chosen)).toBe('Yes?<|end|>¦4<|end|>¦Yes.<|end|>');
  });

  it('counts the calls of a rewritten turn, whatever is in them', () => {
    const calling = `{{ messages | length }}{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content }}{% for c in m.tool_calls or [] %}{{ '\n<call>' + c.name }}{% endfor %}{{ '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}`;
    const { chat, counted } = toyChat(calling);
    const turns = (answer: string) => [user('Rain?'), { ...assistant('Say'), tool_calls: [{ name: '<|im_start|>weather' }] }, { role: 'tool', content: '12 mm' }, assistant(answer)]; // prettier-ignore
    const { chosen } = encodePairs([{ chosen: turns('Yes'), rejected: turns('No') }], chat).pairs[0]!;
    expect(counted(chosen)).toBe('Say\n<call><|im_start|>weather<|im_end|>\n¦Yes<|im_end|>\n');
  });

  it('finds a turn without text whose template writes white space only after text', () => {
    const spaced = `{{ messages | length }}{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' }}{% if m.content %}{{ m.content + '\n' }}{% endif %}{% for c in m.tool_calls or [] %}{{ '<call>' + c.name }}{% endfor %}{{ '<|im_end|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}`;
    const { chat, counted } = toyChat(spaced);
    const turns = (answer: string) => [user('Rain?'), { role: 'assistant', tool_calls: [{ name: 'weather' }] }, { role: 'tool', content: '12 mm' }, assistant(answer)]; // prettier-ignore
    const { chosen } = encodePairs([{ chosen: turns('Yes'), rejected: turns('No') }], chat).pairs[0]!;
    expect(counted(chosen)).toBe('<call>weather<|im_end|>¦Yes\n<|im_end|>');
  });

  it('finds the end of a rewritten turn where turns start with a line break', () => {
    const broken = `{{ messages | length }}{% for m in messages %}{{ '\n<|' + m.role + '|>\n' + m.content + '<|end|>' }}{% endfor %}{% if add_generation_prompt %}{{ '\n<|assistant|>\n' }}{% endif %}`;
    const { chat, counted } = toyChat(broken);
    expect(counted(encodePairs([threeTurns], chat).pairs[0]!.chosen)).toBe('Yes?<|end|>¦4<|end|>¦Yes.<|end|>');
  });

  it('names an answer without text of which the template renders nothing', () => {
    const row = { prompt: [user('?')], chosen: [{ role: 'assistant', reasoning_content: 'R' }], rejected: [assistant('No')] };
    expect(() => encodePairs([row], toyChat(marked('{{ m.content }}')).chat)).toThrow(
      'encodePairs: rows[0]: chosen: the chat template does not render what there is of message 1',
    );
  });

  it('finds a first answer that no message precedes', () => {
    const { chat, counted } = toyChat(`{{ messages[0].role[:0] }}${marked('{{ m.content }}')}`);
    const row = {
      chosen: [assistant('Welcome'), user('Hi'), assistant('Yes')],
      rejected: [assistant('Welcome'), user('Hi'), assistant('No')],
    };
    expect(counted(encodePairs([row], chat).pairs[0]!.chosen)).toBe('Welcome<|end|>¦Yes<|end|>');
  });
});

describe('{% generation %} marks', () => {
  const template = `{%- for m in messages %}
{%- if m.role == 'assistant' %}{{ '<|assistant|>\n' }}{%- generation %}{{ m.content + '<|end|>' }}{%- endgeneration %}{{ '\n' }}
{%- else %}{{ '<|' + m.role + '|>\n' + m.content + '<|end|>\n' }}{%- endif %}{%- endfor %}
{%- if add_generation_prompt %}{{ '<|assistant|>\n' }}{%- endif %}`;
  const { chat, counted, all } = toyChat(template);
  const chosenOf = (row: object, options = {}) => encodePairs([row], chat, options).pairs[0]!.chosen;

  it('decide what counts, for example without the line break after an answer', () => {
    expect(counted(chosenOf(threeTurns))).toBe('Yes?<|end|>¦4<|end|>¦Yes.<|end|>');
    expect(all(chosenOf(oneTurn))).toBe('<|user|>\nWhich?<|end|>\n<|assistant|>\nThis.<|end|>\n');
  });

  it('are heeded only for the turns that count', () => {
    expect(counted(chosenOf(threeTurns, { assistantTurns: 'last' }))).toBe('Yes.<|end|>');
    const start = threeTurns.chosen.slice(0, 3);
    const row = { prompt: start, chosen: threeTurns.chosen.slice(3), rejected: [assistant('5')] };
    expect(counted(chosenOf(row))).toBe('4<|end|>¦Yes.<|end|>');
  });

  it('of other turns are no marks of a turn', () => {
    const lastOnly = template.replace('{%- generation %}', '{%- if loop.last %}{%- generation %}').replace('{%- endgeneration %}', "{%- endgeneration %}{%- else %}{{ m.content + '<|end|>' }}{%- endif %}"); // prettier-ignore
    const only = toyChat(lastOnly);
    const chosen = (first: object) => threeTurns.chosen.map((message, i) => (i === 1 ? { ...message, ...first } : message));
    const skipped = { chosen: chosen({ train: false }), rejected: threeTurns.rejected };
    expect(() => encodePairs([skipped], only.chat)).toThrow('chosen: the chat template marks no token of message 3');
    const last = encodePairs([skipped], only.chat, { assistantTurns: 'last' }).pairs[0]!.chosen;
    expect(only.counted(last)).toBe('Yes.<|end|>');
  });

  it('trim white space as the tags do', () => {
    const tags = '{% for m in messages %}\n  {%- generation -%}  {{ m.content }}\n  {%- endgeneration -%}\n|{% endfor %}';
    const { chat: trimming, counted: text, all: whole } = toyChat(tags);
    const row = { prompt: [user('?')], chosen: [assistant('a')], rejected: [assistant('b')] };
    const { chosen } = encodePairs([row], trimming).pairs[0]!;
    expect([whole(chosen), text(chosen)]).toEqual(['?|a|', 'a']);
  });

  it('name a turn that they leave out', () => {
    const only = toyChat("{% for m in messages %}{% if m.content == 'That.' %}{% generation %}{{ m.content }}{% endgeneration %}{% else %}{{ m.content }}{% endif %}|{% endfor %}"); // prettier-ignore
    expect(() => encodePairs([oneTurn], only.chat)).toThrow('rows[0]: chosen: the chat template marks no token of message 1');
  });
});
