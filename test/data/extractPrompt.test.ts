import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { extractPrompt, type Message } from '../../src/index.js';

const user = (content: string): Message => ({ role: 'user', content });

const assistant = (content: string): Message => ({ role: 'assistant', content });

describe('extractPrompt', () => {
  it('takes the turns that both sides begin with', () => {
    const shared = [{ role: 'system', content: '' }, user('Hi'), assistant('Hello'), user('And?')];
    const row = { id: 7, chosen: [...shared, assistant('Good')], rejected: [...shared, assistant('Bad'), user('?'), assistant('Sorry')] };
    expect(extractPrompt(row)).toEqual({
      id: 7,
      prompt: shared,
      chosen: [assistant('Good')],
      rejected: [assistant('Bad'), user('?'), assistant('Sorry')],
    });
  });

  it('takes the text that both sides begin with, without the space in front of the answers', () => {
    expect(extractPrompt({ chosen: 'Is it? Yes', rejected: 'Is it? No' })).toEqual({ prompt: 'Is it?', chosen: ' Yes', rejected: ' No' });
    expect(extractPrompt({ chosen: 'Yes', rejected: 'No' })).toEqual({ prompt: '', chosen: 'Yes', rejected: 'No' });
  });

  it('does not cut a character in two', () => {
    // Both smileys begin with the same 16 bits.
    expect(extractPrompt({ chosen: 'So: \u{1F600}', rejected: 'So: \u{1F601}' })).toEqual({
      prompt: 'So:',
      chosen: ' \u{1F600}',
      rejected: ' \u{1F601}',
    });
  });

  it('loses nothing of any two texts, and leaves nothing that they share', () => {
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

  it('keeps the last common token in the prompt where one side goes on, unlike TRL: nothing would be left', () => {
    expect(() => extractPrompt({ chosen: 'Yes', rejected: 'Yes, but' })).toThrow(
      'extractPrompt: row: rejected begins with chosen, of which nothing is left',
    );
    const [one, more] = [[user('Hi'), assistant('Hello')], [user('Hi'), assistant('Hello'), user('?'), assistant('!')]]; // prettier-ignore
    expect(() => extractPrompt({ chosen: more, rejected: one })).toThrow(
      'extractPrompt: row: chosen begins with rejected, of which nothing is left',
    );
    expect(() => extractPrompt({ chosen: one, rejected: one })).toThrow(RangeError);
  });

  it('takes null for no prompt, and messages for the same in any order of fields', () => {
    expect(extractPrompt({ prompt: null as never, chosen: 'Is it? Yes', rejected: 'Is it? No' }).prompt).toBe('Is it?');
    const chosen = [{ role: 'user', content: 'a' }, { role: 'assistant', content: 'b' }]; // prettier-ignore
    const rejected = [{ content: 'a', role: 'user' }, { role: 'assistant', content: 'c' }]; // prettier-ignore
    expect(extractPrompt({ chosen, rejected }).prompt).toEqual([chosen[0]]);
    expect(() => extractPrompt({ chosen: 'Is it? ', rejected: 'Is it? No' })).toThrow('begins with chosen, of which nothing is left');
  });

  it('leaves a row alone that has a prompt', () => {
    const row = { prompt: 'Q', chosen: 'A', rejected: 'B' };
    expect(extractPrompt(row)).toBe(row);
  });

  it.each([
    [{ chosen: 'a' }, 'extractPrompt: row lacks rejected, expected { chosen, rejected }'],
    [null, 'extractPrompt: row is null, expected { chosen, rejected }'],
    [{ chosen: 'a', rejected: [user('x'), assistant('y')] }, 'extractPrompt: row: one side is a text and the other is not'],
  ])('%j is an error', (row, message) => {
    expect(() => extractPrompt(row as never)).toThrow(message);
  });
});
