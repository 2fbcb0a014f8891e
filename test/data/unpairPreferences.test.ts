import { describe, expect, it } from 'vitest';
import { unpairPreferences } from '../../src/index.js';

describe('unpairPreferences', () => {
  it('returns all chosen sides, then all rejected sides, with the other fields of their rows', () => {
    const rows = [
      { prompt: 'P', chosen: 'a', rejected: 'b', score: 1 },
      { prompt: 'Q', chosen: 'c', rejected: 'd', score: 2 },
    ];
    expect(unpairPreferences(rows)).toEqual([
      { prompt: 'P', completion: 'a', label: true, score: 1 },
      { prompt: 'Q', completion: 'c', label: true, score: 2 },
      { prompt: 'P', completion: 'b', label: false, score: 1 },
      { prompt: 'Q', completion: 'd', label: false, score: 2 },
    ]);
    expect(unpairPreferences([])).toEqual([]);
  });

  it('names a malformed row', () => {
    expect(() => unpairPreferences({} as never)).toThrow('unpairPreferences: rows is a value of type Object, expected a list');
    expect(() => unpairPreferences([{ chosen: 'a', rejected: 'b' }, { chosen: 'a', rejected: ' ' }])).toThrow('unpairPreferences: rows[1]: rejected is empty'); // prettier-ignore
  });
});
