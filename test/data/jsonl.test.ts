import { describe, expect, expectTypeOf, it } from 'vitest';
import { parseJsonl, type PreferenceRow, type UnpairedRow } from '../../src/index.js';

describe('parseJsonl', () => {
  it('reads one value per line, with line ends of \\n or \\r\\n', () => {
    expect(parseJsonl('\uFEFF{"a": "é\u2028"}\r\n\r\n[1]\n')).toEqual([{ a: 'é\u2028' }, [1]]);
    expect(parseJsonl('')).toEqual([]);
  });

  it('names a name that is no text', () => {
    expect(() => parseJsonl('', { name: {} as never })).toThrow(
      new TypeError('parseJsonl: name is a value of type Object, expected a string'),
    );
  });

  it('names the line that is not JSON', () => {
    expect(() => parseJsonl('{}\n\n{"a": \n', { name: 'train.jsonl' })).toThrow(/^parseJsonl: line 3 of train\.jsonl is not JSON: /);
    expect(() => parseJsonl(undefined as never)).toThrow('parseJsonl: text is undefined, expected a string');
    expect(() => parseJsonl('', 'train.jsonl' as never)).toThrow('parseJsonl: options is "train.jsonl", expected an object');
    expect(() => parseJsonl('', { rows: 'pairs' } as never)).toThrow(
      'parseJsonl: rows must be one of "preference", "unpaired", got "pairs"',
    );
  });

  it('checks the rows of a kind, and has their type', () => {
    const pairs = parseJsonl('{"chosen": "a", "rejected": "b", "id": 1}', { rows: 'preference' });
    expectTypeOf(pairs).toEqualTypeOf<PreferenceRow[]>();
    expect(pairs).toEqual([{ chosen: 'a', rejected: 'b', id: 1 }]);
    const examples = parseJsonl('{"prompt": null, "completion": "a", "label": true}', { rows: 'unpaired' });
    expectTypeOf(examples).toEqualTypeOf<UnpairedRow[]>();
    expect(examples).toHaveLength(1);
  });

  it.each([
    ['preference', '{"chosen": 1}', ' lacks rejected, expected { chosen, rejected }'],
    ['preference', '{"chosen": 1, "rejected": "b"}', ': chosen is a number, expected a string or a list of messages'],
    ['preference', '"a"', ' is "a", expected { chosen, rejected }'],
    ['unpaired', '{"completion": "a"}', ' lacks label, expected { completion, label }'],
    ['unpaired', '{"completion": "a", "label": 2}', ': label is a number, expected true or false'],
    ['unpaired', '{"completion": 1, "label": true}', ': completion is a number, expected a string or a list of messages'],
  ] as ['preference' | 'unpaired', string, string][])('of kind %s, names the line of %s', (rows, line, message) => {
    expect(() => parseJsonl(`\n${line}`, { rows } as { rows: 'preference' })).toThrow(
      new RangeError(`parseJsonl: line 2 of text${message}`),
    );
  });
});
