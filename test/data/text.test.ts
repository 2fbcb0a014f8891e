import { describe, expect, it } from 'vitest';
import { encodePairs, encodeUnpaired, type EncodeOptions, type Sequence, type TextTokenizer } from '../../src/index.js';

/** Pieces that are one token; any other character is one. A space before a word is a mark, also before the whole text, as in Llama 2. */
const PIECES = /<s>|<\/s>|▁4|▁A|:▁|er|[^]/g;
const ids: string[] = [];
const idOf = (piece: string): number => (ids.includes(piece) ? ids.indexOf(piece) : ids.push(piece) - 1);
const tokenizer: TextTokenizer = {
  encode: (text, { add_special_tokens: special }) => {
    const marked = text.startsWith('<s>') ? text.replaceAll(' ', '▁') : `▁${text.replaceAll(' ', '▁')}`;
    return [...(special ? ['<s>'] : []), ...(marked.match(PIECES) ?? [])].map(idOf);
  },
  bos_token_id: idOf('<s>'),
  eos_token_id: idOf('</s>'),
};
const plain: TextTokenizer = { encode: (text) => (text.match(PIECES) ?? []).map(idOf) };
const all = ({ tokens }: Sequence): string => tokens.map((id) => ids[id]).join('|');
const counted = ({ tokens, mask }: Sequence): string => tokens.flatMap((id, t) => (mask[t] === 1 ? [ids[id]] : [])).join('|');
const pairOf = (row: object, options: EncodeOptions = {}, own = tokenizer) => encodePairs([row], own, options).pairs[0]!;

describe('text', () => {
  it.each([
    ['2+2?\n', '4', '<s>|▁|2|+|2|?|\n|4|</s>', '4|</s>'],
    ['2+2?', ' 4', '<s>|▁|2|+|2|?|▁4|</s>', '▁4|</s>'],
    ['A:', ' 4', '<s>|▁A|:▁|4|</s>', ':▁|4|</s>'],
  ])('is encoded together with its prompt: %j + %j', (prompt, chosen, tokens, answer) => {
    const pair = pairOf({ prompt, chosen, rejected: `${chosen}!` });
    expect([all(pair.chosen), counted(pair.chosen)]).toEqual([tokens, answer]);
  });

  it('ends its prompt at the same token on both sides', () => {
    // `:` and the space of the first answer are one token.
    const { chosen, rejected } = pairOf({ prompt: 'A:', chosen: ' 5', rejected: '5' });
    expect([all(chosen), counted(chosen)]).toEqual(['<s>|▁A|:▁|5|</s>', ':▁|5|</s>']);
    expect([all(rejected), counted(rejected)]).toEqual(['<s>|▁A|:|5|</s>', ':|5|</s>']);
  });

  it('counts every token without a prompt, but not the start token', () => {
    expect(counted(pairOf({ chosen: '4', rejected: '5' }).chosen)).toBe('▁4|</s>');
    const { examples } = encodeUnpaired([{ completion: '<s>4', label: 1 }], tokenizer);
    expect([all(examples[0]!), counted(examples[0]!), examples[0]!.label]).toEqual(['<s>|4|</s>', '4|</s>', true]);
  });

  describe('start token', () => {
    const row = { prompt: 'Q', chosen: '4', rejected: '5' };

    it('is added if the tokenizer adds it to every text, unless the text has it', () => {
      expect(all(pairOf(row).chosen)).toBe('<s>|▁|Q|4|</s>');
      expect(all(pairOf({ ...row, prompt: '<s>Q' }).chosen)).toBe('<s>|Q|4|</s>');
      expect(all(pairOf(row, {}, plain).chosen)).toBe('Q|4');
    });

    it('is added where the tokenizer gives one to no text that has it', () => {
      const sparing: TextTokenizer = { ...tokenizer, encode: (text, options) => tokenizer.encode(text, { add_special_tokens: options.add_special_tokens && !text.startsWith('<s>') }) }; // prettier-ignore
      const { pairs } = encodePairs([{ chosen: '<s>4', rejected: '<s>5' }, row], sparing);
      expect(pairs.map(({ chosen }) => all(chosen))).toEqual(['<s>|4|</s>', '<s>|▁|Q|4|</s>']);
    });

    it('can be left out or asked for', () => {
      expect(all(pairOf(row, { addBos: false }).chosen)).toBe('▁|Q|4|</s>');
      expect(all(pairOf(row, { addBos: true }, { ...plain, bos_token_id: idOf('<s>') }).chosen)).toBe('<s>|Q|4');
      expect(() => pairOf(row, { addBos: true }, plain)).toThrow(
        'encodePairs: rows[0]: addBos is true, but the tokenizer has no bos_token_id',
      );
    });
  });

  describe('end token', () => {
    const row = { prompt: 'Q', chosen: '4', rejected: '5' };

    it.each(['4</s>', '4</s>\n'])('is not added to %j, which ends in it', (chosen) => {
      expect(all(pairOf({ ...row, chosen }).chosen)).toBe(`<s>|▁|Q|${chosen.replace('</s>', '|</s>').replace('\n', '|\n')}`);
    });

    it('can be left out or asked for', () => {
      expect(all(pairOf(row, { addEos: false }).chosen)).toBe('<s>|▁|Q|4');
      expect(all(pairOf(row, { addEos: true }, { ...plain, eos_token_id: idOf('</s>') }).chosen)).toBe('Q|4|</s>');
      expect(() => pairOf(row, { addEos: true }, plain)).toThrow(
        'encodePairs: rows[0]: addEos is true, but the tokenizer has no eos_token_id',
      );
    });
  });

  it('needs no words but those of the rows', () => {
    const words = new Map([['two', 1], ['four', 2], ['five', 3]]); // prettier-ignore
    const few = {
      encode: (text: string) => text.split(' ').map((word) => words.get(word)!),
      apply_chat_template: (messages: { content: string }[]) => messages.flatMap(({ content }) => [0, words.get(content)!, 9]),
    };
    expect(pairOf({ prompt: 'two', chosen: ' four', rejected: ' five' }, {}, few).chosen.tokens).toEqual([1, 2]);
    const [question, answer] = ['two', 'four'].map((content, i) => ({ role: i === 0 ? 'user' : 'assistant', content }));
    const { chosen } = encodePairs([{ prompt: question, chosen: answer, rejected: { ...answer, content: 'five' } }], few).pairs[0]!;
    expect(chosen.tokens).toEqual([0, 1, 9, 0, 2, 9]);
  });

  it.each([
    ['addBos', 'yes'],
    ['addEos', 1],
  ])('checks %s', (name, value) => {
    expect(() => encodePairs([], tokenizer, { [name]: value })).toThrow(
      `encodePairs: ${name} is ${typeof value === 'string' ? `"${value}"` : 'a number'}, expected "auto", true or false`,
    );
  });
});
