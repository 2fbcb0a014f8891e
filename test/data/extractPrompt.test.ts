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

  it('does not split a character', () => {
    // Both smileys begin with the same UTF-16 code unit.
    expect(extractPrompt({ chosen: 'So: \u{1F600}', rejected: 'So: \u{1F601}' })).toEqual({
      prompt: 'So:',
      chosen: ' \u{1F600}',
      rejected: ' \u{1F601}',
    });
  });

  it('loses no character of either string, and leaves no common start in the completions', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (start, a, b) => {
        const [chosen, rejected] = [`${start}a${a}`, `${start}b${b}`];
        const row = extractPrompt({ chosen, rejected });
        expect([`${row.prompt as string}${row.chosen as string}`, `${row.prompt as string}${row.rejected as string}`]).toEqual([
          chosen,
          rejected,
        ]);
        expect([start, start.slice(0, -1)]).toContain(row.prompt);
      }),
    );
  });

  it('refuses a side that is a prefix of the other, unlike TRL', () => {
    expect(() => extractPrompt({ chosen: 'Yes', rejected: 'Yes, but' })).toThrow(
      'extractPrompt: row: nothing is left of chosen after the prompt that it shares with rejected',
    );
    const [one, more] = [[user('Hi'), assistant('Hello')], [user('Hi'), assistant('Hello'), user('?'), assistant('!')]]; // prettier-ignore
    expect(() => extractPrompt({ chosen: more, rejected: one })).toThrow(
      'extractPrompt: row: nothing is left of rejected after the prompt that it shares with chosen',
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
