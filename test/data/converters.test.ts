import { describe, expect, it } from 'vitest';
import { encodePairs, encodeUnpaired, extractPrompt, fromConversations, fromShareGpt, unpairPreferences } from '../../src/index.js';
import { assistant, counted, tokenizer, user } from '../support/chatRows.js';

describe('fromConversations', () => {
  const side = (answer: string) => [user('Hi'), assistant('Yes?'), user('2+2?'), assistant(answer)];

  it('makes what both sides share the prompt, for rows like those of ultrafeedback_binarized', () => {
    const row = { prompt: '2+2?', prompt_id: 'a1', chosen: side('4'), rejected: side('5'), messages: side('4'), score_chosen: 8 };
    const converted = fromConversations(row);
    expect(converted).toEqual({ ...row, prompt: side('').slice(0, 3), chosen: [assistant('4')], rejected: [assistant('5')] });
    expect(counted(encodePairs([converted], tokenizer).pairs[0]!.chosen)).toBe('4<|im_end|>\n');
  });

  it('needs no prompt', () => {
    expect(fromConversations({ chosen: side('4'), rejected: side('5') }).prompt).toEqual(side('').slice(0, 3));
  });

  it.each([
    [null, 'fromConversations: row is null, expected { chosen, rejected }'],
    [{ chosen: 'a', rejected: 'b' }, 'fromConversations: row: chosen is a string, expected a list of messages'],
    [
      { prompt: 'Other?', chosen: side('4'), rejected: side('5') },
      'fromConversations: row: prompt is not the text of a message that both sides share',
    ],
    [{ prompt: '2+2?', chosen: side('4') }, 'fromConversations: row lacks rejected, expected { chosen, rejected }'],
  ])('%j is an error', (row, message) => {
    expect(() => fromConversations(row as never)).toThrow(message);
  });
});

describe('fromShareGpt', () => {
  const human = (value: string) => ({ from: 'human', value });
  const gpt = (value: string) => ({ from: 'gpt', value });

  it('converts preference rows', () => {
    const row = { id: 1, system: 'Be kind.', conversations: [human('Hi')], chosen: gpt('Hello'), rejected: [gpt('Go away')] };
    const converted = fromShareGpt(row);
    expect(converted).toEqual({
      id: 1,
      prompt: [{ role: 'system', content: 'Be kind.' }, user('Hi')],
      chosen: [assistant('Hello')],
      rejected: [assistant('Go away')],
    });
    expect(counted(encodePairs([converted], tokenizer).pairs[0]!.chosen)).toBe('Hello<|im_end|>\n');
  });

  it('converts unpaired rows, and keeps other roles and fields', () => {
    const row = { conversations: [human('Rain?'), { from: 'observation', value: '12 mm', id: 3 }, gpt('Yes')], label: true };
    const converted = fromShareGpt(row);
    expect(converted).toEqual({ completion: [user('Rain?'), { role: 'tool', content: '12 mm', id: 3 }, assistant('Yes')], label: true });
    expect(counted(encodeUnpaired([converted], tokenizer).examples[0]!)).toBe('Yes<|im_end|>\n');
  });

  it('makes calls of functions tool_calls of the assistant', () => {
    const call = { from: 'function_call', value: '{"name": "weather", "arguments": {"city": "Rome"}}' };
    const { completion } = fromShareGpt({ conversations: [human('Rain?'), call, gpt('No')], label: 1 });
    const calls = [{ type: 'function', function: { name: 'weather', arguments: { city: 'Rome' } } }];
    expect((completion as object[])[1]).toEqual({ role: 'assistant', content: '', tool_calls: calls });
  });

  it('keeps a prompt, and sides that are whole conversations', () => {
    const row = { chosen: [human('Hi'), gpt('a')], rejected: [human('Hi'), gpt('b')] };
    expect(fromShareGpt(row)).toEqual({ chosen: [user('Hi'), assistant('a')], rejected: [user('Hi'), assistant('b')] });
    expect(fromShareGpt({ prompt: [human('Hi')], chosen: gpt('a'), rejected: gpt('b') })).toHaveProperty('prompt', [user('Hi')]);
  });

  it.each([
    [1, 'fromShareGpt: row is a number, expected an object'],
    [{ chosen: [gpt('a'), 1] }, 'fromShareGpt: row: chosen[1] is a number, expected { from, value }'],
    [{ chosen: [{ from: 1, value: 'a' }] }, 'fromShareGpt: row: chosen[0].from is a number, expected a string'],
    [{ conversations: new Array(3) }, 'fromShareGpt: row: conversations[0] is missing'],
    [{ chosen: { from: 'gpt' } }, 'fromShareGpt: row: chosen[0].value is undefined, expected a string'],
    [
      { conversations: [human('a')], prompt: 'b', chosen: gpt('a'), rejected: gpt('b') },
      'fromShareGpt: row has both conversations and prompt, expected one of them',
    ],
    [{ conversations: [{ from: 'function_call', value: '{' }] }, /^fromShareGpt: row: conversations\[0\]\.value is not JSON: /],
    [
      { conversations: [{ from: 'function_call', value: '[1]' }] },
      'fromShareGpt: row: conversations[0].value is a number, expected { name, arguments }',
    ],
    [{ system: 'S', chosen: gpt('a'), rejected: gpt('b') }, 'fromShareGpt: row: system has no conversation that it starts'],
  ])('%j is an error', (row, message) => {
    expect(() => fromShareGpt(row as never)).toThrow(message);
  });
});

it.each([
  ['extractPrompt', extractPrompt, 'row'],
  ['fromConversations', fromConversations, 'row'],
  ['fromShareGpt', fromShareGpt, 'row'],
  ['unpairPreferences', (row: object) => unpairPreferences([row as never]), 'rows[0]'],
] as [string, (row: never) => unknown, string][])('%s names a row that cannot be read', (name, convert, at) => {
  const turns = (content: string) => [user('Hi'), assistant(content)];
  const row = {
    chosen: turns('a'),
    rejected: turns('b'),
    get id() {
      throw new Error('no id');
    },
  };
  expect(() => convert(row as never)).toThrow(new RangeError(`${name}: ${at} cannot be read: no id`));
});
