import { describe, expect, it } from 'vitest';
import { parseJsonl } from '../../src/index.js';

describe('parseJsonl', () => {
  it('reads one value per line, with line ends of \\n or \\r\\n', () => {
    expect(parseJsonl('\uFEFF{"a": "é\u2028"}\r\n\r\n[1]\n')).toEqual([{ a: 'é\u2028' }, [1]]);
    expect(parseJsonl('')).toEqual([]);
  });

  it('names the line that is not JSON', () => {
    expect(() => parseJsonl('{}\n\n{"a": \n', 'train.jsonl')).toThrow(/^parseJsonl: line 3 of train\.jsonl is not JSON: /);
    expect(() => parseJsonl(undefined as never)).toThrow('parseJsonl: text is undefined, expected a string');
  });
});
