import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { extractPrompt, type Message } from '../../src/index.js';

const user = (content: string): Message => ({ role: 'user', content });

const assistant = (content: string): Message => ({ role: 'assistant', content });

describe('extractPrompt', () => {
  it('takes the common first turns of both sides', () => {
    const shared = [{ role: 'system', content: '' }, user('Hi'), assistant('Hello'), user('And?')];
    const row = { id: 7, chosen: [...shared, assistant('Good')], rejected: [...shared, assistant('Bad'), user('?'), assistant('Sorry')] };
    expect(extractPrompt(row)).toEqual({
      id: 7,
      prompt: shared,
      chosen: [assistant('Good')],
      rejected: [assistant('Bad'), user('?'), assistant('Sorry')],
    });
  });

  it('takes the common start of two strings, without the space before the answers', () => {
    expect(extractPrompt({ chosen: 'Is it? Yes', rejected: 'Is it? No' })).toEqual({ prompt: 'Is it?', chosen: ' Yes', rejected: ' No' });
    expect(extractPrompt({ chosen: 'Yes', rejected: 'No' })).toEqual({ prompt: '', chosen: 'Yes', rejected: 'No' });
  });

  it.each([
    ['A pet? Cats.', 'A pet? Cars.', 'A pet?'],
    ['It costs 3.14 in all', 'It costs 3.15 in all', 'It costs'],
    ["I can't", "I can's", 'I'],
    ['Q<|assistant|>A', 'Q<|assistant_2|>B', 'Q'],
    ['a<s>[INST] b', 'a<s>[INSURE] b', 'a<s>'],
    ['So: 👩🏽‍🚀', 'So: 👩🏽‍🎨', 'So:'],
    ['e\u0301 is\u0301', 'e\u0301 is\u0302', 'e\u0301'],
  ])('does not split a word, a special token or a grapheme: %s', (chosen, rejected, prompt) => {
    const row = extractPrompt({ chosen, rejected });
    expect([row.prompt, row.chosen, row.rejected]).toEqual([prompt, chosen.slice(prompt.length), rejected.slice(prompt.length)]);
  });

  it('takes a side that is a single message', () => {
    const row = { chosen: assistant('a'), rejected: assistant('b') };
    expect(extractPrompt(row)).toEqual({ prompt: [], chosen: [assistant('a')], rejected: [assistant('b')] });
  });

  it('does not split a character', () => {
    // Both smileys begin with the same UTF-16 code unit.
    expect(extractPrompt({ chosen: 'So: \u{1F600}', rejected: 'So: \u{1F601}' })).toEqual({
      prompt: 'So:',
      chosen: ' \u{1F600}',
      rejected: ' \u{1F601}',
    });
  });

  it('loses no character of either string, and ends the prompt between words', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (start, a, b) => {
        const [chosen, rejected] = [`${start}a${a}`, `${start}b${b}`];
        const row = extractPrompt({ chosen, rejected });
        expect([`${row.prompt as string}${row.chosen as string}`, `${row.prompt as string}${row.rejected as string}`]).toEqual([
          chosen,
          rejected,
        ]);
        expect(start.startsWith(row.prompt as string)).toBe(true);
        for (const side of [row.chosen, row.rejected] as string[]) expect(`${row.prompt as string}|${side}`).not.toMatch(/\w\|\w/);
      }),
    );
  });

  it('refuses a side that is a prefix of the other, unlike TRL', () => {
    expect(() => extractPrompt({ chosen: 'Yes', rejected: 'Yes, but' })).toThrow(
      'extractPrompt: row: rejected begins with chosen, so nothing is left of chosen after the prompt',
    );
    const [one, more] = [[user('Hi'), assistant('Hello')], [user('Hi'), assistant('Hello'), user('?'), assistant('!')]]; // prettier-ignore
    expect(() => extractPrompt({ chosen: more, rejected: one })).toThrow(
      'extractPrompt: row: chosen begins with rejected, so nothing is left of rejected after the prompt',
    );
    expect(() => extractPrompt({ chosen: one, rejected: one })).toThrow(RangeError);
  });

  it('treats a null prompt as missing, and compares messages regardless of the order of their fields', () => {
    expect(extractPrompt({ prompt: null as never, chosen: 'Is it? Yes', rejected: 'Is it? No' }).prompt).toBe('Is it?');
    const chosen = [{ role: 'user', content: 'a' }, { role: 'assistant', content: 'b' }]; // prettier-ignore
    const rejected = [{ content: 'a', role: 'user' }, { role: 'assistant', content: 'c' }]; // prettier-ignore
    expect(extractPrompt({ chosen, rejected }).prompt).toEqual([chosen[0]]);
    expect(() => extractPrompt({ chosen: 'Is it? ', rejected: 'Is it? No' })).toThrow('nothing is left of chosen');
  });

  it('returns a row that has a prompt unchanged', () => {
    const row = { prompt: 'Q', chosen: 'A', rejected: 'B' };
    expect(extractPrompt(row)).toBe(row);
  });

  it.each([
    [{ chosen: 'a' }, 'extractPrompt: row lacks rejected, expected { chosen, rejected }'],
    [null, 'extractPrompt: row is null, expected { chosen, rejected }'],
    [
      { chosen: 'a', rejected: [user('x'), assistant('y')] },
      'extractPrompt: row: chosen and rejected must both be strings or both be lists of messages',
    ],
  ])('%j is an error', (row, message) => {
    expect(() => extractPrompt(row as never)).toThrow(message);
  });
});
