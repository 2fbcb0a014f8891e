import { describe, expect, it } from 'vitest';
import { encodePairs, encodeUnpaired, type ChatTokenizer } from '../../src/index.js';
import { assistant, user } from '../support/chatRows.js';
import { FAMILIES, type FamilyName } from '../support/chatTemplates.js';
import { toyChat } from '../support/toyTokenizer.js';

const conversation = (turns: number, last: string) =>
  Array.from({ length: turns }, (_, i) => (i % 2 === 0 ? user(`question ${i}`) : assistant(i === turns - 1 ? last : `answer ${i}`)));
const row = (turns: number) => ({ chosen: conversation(turns, 'yes'), rejected: conversation(turns, 'no') });
const CHATML = FAMILIES['ChatML, with a default system message'];

/** The tokenizer, and the number of tokens that it has rendered. */
function counting(name: FamilyName): { readonly chat: ChatTokenizer; readonly rendered: () => number } {
  const { chat } = toyChat(FAMILIES[name].template, FAMILIES[name].config);
  let rendered = 0;
  const counts: ChatTokenizer['apply_chat_template'] = (messages, options) => {
    const ids = chat.apply_chat_template(messages, options) as number[];
    rendered += ids.length;
    return ids;
  };
  return { chat: { ...chat, apply_chat_template: counts }, rendered: () => rendered };
}

describe('a long conversation', () => {
  it.each(Object.keys(FAMILIES) as FamilyName[])('is rendered in proportion to its length: %s', (name) => {
    const work = (turns: number): number => {
      const { chat, rendered } = counting(name);
      encodePairs([row(turns)], chat);
      return rendered();
    };
    expect(work(240) / work(120)).toBeLessThan(2.2);
  });

  it.each(['Qwen3, which thinks or not', 'Qwen3.5, whose prompt opens the thinking'] as const)(
    'is rendered so also where reasoning is forgotten, beside text and alone: %s',
    (name) => {
      const turn = (i: number) => [
        user(`question ${i}`),
        { ...assistant('look'), reasoning_content: `r${i}` },
        { role: 'tool', content: 'found' },
        { ...assistant(`answer ${i}`), reasoning_content: `s${i}` },
      ];
      const work = (turns: number, last: object): number => {
        const { chat, rendered } = counting(name);
        const messages = Array.from({ length: turns }, (_, i) => turn(i)).flat();
        const side = (content: string) => [...messages, user('Q'), { ...assistant(content), ...last }];
        encodePairs([{ chosen: side('yes'), rejected: side('no') }], chat);
        return rendered();
      };
      expect(work(60, {}) / work(30, {})).toBeLessThan(2.2);
      const alone = (turns: number): number => {
        const { chat, rendered } = counting(name);
        const silent = Array.from({ length: turns }, (_, i) => ({ ...assistant(''), reasoning_content: `r${i}` }));
        const side = (content: string) => [user('Q'), ...silent, assistant(content)];
        encodePairs([{ chosen: side('yes'), rejected: side('no') }], chat);
        return rendered();
      };
      expect(alone(120) / alone(60)).toBeLessThan(2.2);
    },
  );

  it('counts each answer once, also in a long run of tools', () => {
    const { chat, counted } = toyChat(CHATML.template, CHATML.config);
    const tool = (i: number) => [assistant(`call ${i}`), { role: 'tool', content: `result ${i}` }];
    const messages = [user('Q'), ...Array.from({ length: 50 }, (_, i) => tool(i)).flat(), assistant('done')];
    const { chosen } = encodePairs([{ chosen: messages, rejected: [...messages.slice(0, -1), assistant('no')] }], chat).pairs[0]!;
    const answers = messages.filter(({ role }) => role === 'assistant').map(({ content }) => `${content}<|im_end|>\n`);
    expect(counted(chosen)).toBe(answers.join('¦'));
  });

  it('is found as a whole where its parts are rendered otherwise', () => {
    const { chat, counted } = toyChat(`{{ messages | length }}${CHATML.template}`, CHATML.config);
    const { chosen } = encodePairs([row(20)], chat).pairs[0]!;
    const answers = row(20).chosen.filter(({ role }) => role === 'assistant');
    expect(counted(chosen)).toBe(answers.map(({ content }) => `${content}<|im_end|>\n`).join('¦'));
  });

  it('is too long before its answers are looked for', () => {
    const { chat, rendered } = counting('ChatML, with a default system message');
    const short = counting('ChatML, with a default system message');
    encodePairs([row(2)], chat);
    const before = rendered();
    const { dropped } = encodePairs([row(1000)], chat, { maxLength: 1024, dropBadRows: true });
    expect(dropped[0]!.reason).toMatch(/^has \d+ tokens, expected at most 1024; set truncation to cut longer rows$/);
    const whole = short.chat.apply_chat_template(row(1000).chosen, { add_generation_prompt: false, tokenize: true, return_tensor: false, return_dict: false }); // prettier-ignore
    expect(rendered() - before).toBeLessThan(7 * (whole as number[]).length);
  });

  it('keeps the marks of a template', () => {
    const template = `{% for m in messages %}{{ '<|' + m.role + '|>' }}{% if m.role == 'assistant' %}{% generation %}{{ m.content + '<|end|>' }}{% endgeneration %}{% else %}{{ m.content + '<|end|>' }}{% endif %}{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}`;
    const { chat, counted } = toyChat(template);
    const answers = row(20).chosen.filter(({ role }) => role === 'assistant');
    expect(counted(encodePairs([row(20)], chat).pairs[0]!.chosen)).toBe(answers.map(({ content }) => `${content}<|end|>`).join('¦'));
    // Marks around other turns count in no conversation, short or long.
    const all = toyChat(`{% for m in messages %}{{ '<|' + m.role + '|>' }}{% generation %}{{ m.content + '<|end|>' }}{% endgeneration %}{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}`); // prettier-ignore
    for (const turns of [4, 20]) {
      const said = row(turns).chosen.filter(({ role }) => role === 'assistant');
      expect(all.counted(encodePairs([row(turns)], all.chat).pairs[0]!.chosen)).toBe(
        said.map(({ content }) => `${content}<|end|>`).join('¦'),
      );
    }
  });
});

describe('limits of a row', () => {
  const { chat } = toyChat(CHATML.template, CHATML.config);

  it('has at most 1,000 messages, unless maxTurns says otherwise', () => {
    expect(encodePairs([row(1002), row(2)], chat, { dropBadRows: true })).toMatchObject({
      pairs: [{ row: 1 }],
      dropped: [{ row: 0, reason: 'chosen has 1002 messages with its prompt, expected at most 1000, the limit maxTurns' }],
    });
    expect(() => encodePairs([row(6)], chat, { maxTurns: 5 })).toThrow(
      'encodePairs: rows[0]: chosen has 6 messages with its prompt, expected at most 5, the limit maxTurns',
    );
    expect(encodePairs([row(1002)], chat, { maxTurns: 1002 }).pairs).toHaveLength(1);
  });

  it('has at most 4,000,000 characters, unless maxCharacters says otherwise', () => {
    const completion = 'x'.repeat(4_000_000);
    expect(encodeUnpaired([{ prompt: 'Q', completion, label: true }], chat, { dropBadRows: true }).dropped).toEqual([
      {
        row: 0,
        reason:
          'completion has 4000001 characters with its prompt and what the template gets, expected at most 4000000, the limit maxCharacters',
      },
    ]);
    const called = { ...assistant('a'), tool_calls: [{ type: 'function', function: { name: 'f', arguments: { text: 'x'.repeat(50) } } }] };
    expect(() => encodePairs([{ chosen: [user('Q'), called], rejected: 'y' }], chat, { maxCharacters: 50 })).toThrow(
      /chosen has \d+ characters with its prompt and what the template gets, expected at most 50, the limit maxCharacters/,
    );
  });

  it('counts the characters that the template gets from other columns', () => {
    const documents = [{ text: 'x'.repeat(100) }];
    expect(encodePairs([{ ...row(2), documents }], chat, { maxCharacters: 100, dropBadRows: true }).dropped[0]!.reason).toMatch(
      /^chosen has \d+ characters with its prompt and what the template gets, expected at most 100, the limit maxCharacters$/,
    );
  });

  it.each([
    ['maxTurns', 0],
    ['maxTurns', 2.5],
    ['maxCharacters', NaN],
  ])('checks %s: %d', (name, value) => {
    expect(() => encodePairs([], chat, { [name]: value })).toThrow(`encodePairs: ${name} must be an integer >= 1, got ${value}`);
  });
});
