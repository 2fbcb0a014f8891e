import { describe, expect, it } from 'vitest';
import { encodePairs, encodeUnpaired, type TextTokenizer } from '../../src/index.js';
import { assistant, tokenizer, user } from '../support/chatRows.js';

const bytes: TextTokenizer = { encode: (text) => [...new TextEncoder().encode(text)], eos_token_id: 0 };
const good = { prompt: 'Q', chosen: 'yes', rejected: 'no' };
const turns = (answer: unknown) => ({ chosen: [user('Q'), answer], rejected: [user('Q'), assistant('no')] });

const throws = (): never => {
  throw new Error('trap');
};
const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};
const nested = (depth: number): unknown => {
  let value: unknown = 'x';
  for (let i = 0; i < depth; i++) value = i % 2 ? [value] : { a: value };
  return value;
};
const circle: Record<string, unknown> = { role: 'assistant', content: 'a' };
circle.extra = circle;
/** A list that holds 2 ** 60 values, as it shares them. */
const shared = Array.from({ length: 60 }).reduce<unknown>((value) => [value, value], [1]);
const hole = new Array<unknown>(2);
hole[0] = user('Q');

const HOSTILE: readonly (readonly [what: string, row: unknown, reason: RegExp])[] = [
  ['a constructor that is no function', { chosen: { constructor: { name: { toString: 1 } } }, rejected: 'y' }, /^chosen\[0\]\.role is undefined/],
  ['a name that is no text', { chosen: [{ role: { constructor: { name: { toString: 1 } } }, content: 'a' }], rejected: 'y' }, /^chosen\[0\]\.role is a value of type Object/],
  ['20,000 levels of nesting', { chosen: nested(20_000), rejected: 'y' }, /^chosen is nested more than 64 deep$/],
  ['20,000 levels in a field of a message', turns({ ...assistant('a'), extra: nested(20_000) }), /^chosen is nested more than 64 deep$/],
  ['20,000 levels in a column of the template', { ...turns(assistant('a')), tools: nested(20_000) }, /^tools is nested more than 64 deep$/],
  ['20,000 levels in a column in JSON', { ...turns(assistant('a')), tools: '['.repeat(20_000) + ']'.repeat(20_000) }, /^tools is nested more than 64 deep$/],
  ['20,000 levels in a column that nothing reads', { ...turns(assistant('a')), source: nested(20_000) }, /^source is nested more than 64 deep$/],
  ['a circle', turns(circle), /^chosen is nested more than 64 deep$/],
  ['more values than memory', turns({ ...assistant('a'), extra: shared }), /^chosen holds more than 1000000 values$/],
  ['a hole in a conversation', { chosen: hole, rejected: 'y' }, /^chosen\[1\] is missing$/],
  ['a getter', { get chosen() { return 'a'; }, rejected: 'y' }, /^chosen is a getter, expected a value$/],
  ['a getter that throws', { get chosen() { return throws(); }, rejected: 'y' }, /^chosen is a getter, expected a value$/],
  ['a getter in a message', turns(Object.defineProperty(assistant('a'), 'extra', { get: throws, enumerable: true })), /^chosen\[1\]\.extra is a getter/],
  ['a getter as weight', Object.defineProperty({ ...good }, 'weight', { get: throws, enumerable: true }), /^weight is a getter/],
  ['a revoked proxy', revoked(), /^is an unreadable object, expected { chosen, rejected }$/],
  ['a revoked proxy as side', { chosen: revoked(), rejected: 'y' }, /^chosen cannot be read: /],
  ['a proxy that throws', new Proxy(good, { getOwnPropertyDescriptor: throws }), /^prompt cannot be read: trap$/],
  ['a proxy that throws null', { ...good, chosen: new Proxy([], { get: () => { throw null; } }) }, /^chosen cannot be read: null$/], // eslint-disable-line @typescript-eslint/only-throw-error
  [
    'a proxy that throws an error without a message',
    { ...good, chosen: new Proxy([], { get: () => { throw Object.defineProperty(new Error(), 'message', { get: throws }); } }) }, // prettier-ignore
    /^chosen cannot be read: a value of type Error$/,
  ],
  [
    'a proxy that throws an error whose message is no text',
    { ...good, chosen: new Proxy([], { get: () => { throw Object.assign(new Error(), { message: Object.create(null) as string }); } }) }, // prettier-ignore
    /^chosen cannot be read: a value of type Error$/,
  ],
  ['a list as long as a list can be', { chosen: new Array(2 ** 32 - 1), rejected: 'y' }, /^chosen\[0\] is missing$/],
  ['a date in a message', turns({ ...assistant('a'), date: new Date(0) }), /^chosen\[1\]\.date is a value of type Date, expected a value that JSON can hold$/],
  ['a bigint in a message', turns({ ...assistant('a'), id: 5n }), /^chosen\[1\]\.id is a bigint, expected a value that JSON can hold$/],
  ['no row', undefined, /^is undefined, expected { chosen, rejected }$/],
  ['a function', throws, /^is a function, expected/],
  ['a symbol', Symbol('row'), /^is a symbol, expected/],
]; // prettier-ignore

describe('a row that nothing can read', () => {
  it.each(HOSTILE)('%s: dropped with its reason, and the others are encoded', (_, row, reason) => {
    const { pairs, dropped } = encodePairs([good, row, good], tokenizer, { dropBadRows: true });
    expect(pairs.map((pair) => pair.row)).toEqual([0, 2]);
    expect(dropped).toEqual([{ row: 1, reason: expect.stringMatching(reason) as string }]);
  });

  it.each(HOSTILE)('%s: an error that names the row', (_, row) => {
    expect(() => encodePairs([good, row], tokenizer)).toThrow(/^encodePairs: rows\[1\]/);
  });

  it('is dropped from unpaired rows too', () => {
    const rows = HOSTILE.map(([, row]) => row).concat([{ get label() { return throws(); }, completion: 'a' }, { completion: 'a', label: revoked() }]); // prettier-ignore
    const { examples, dropped } = encodeUnpaired([...rows, { completion: 'yes', label: true }], bytes, { dropBadRows: true });
    expect(dropped.map(({ row }) => row)).toEqual(rows.map((_, i) => i));
    expect(examples.map(({ row }) => row)).toEqual([rows.length]);
  });

  it('reports holes in the list of rows', () => {
    const rows = new Array<unknown>(3);
    rows[1] = good;
    const { pairs, dropped } = encodePairs(rows, bytes, { dropBadRows: true });
    expect(pairs.map(({ row }) => row)).toEqual([1]);
    expect(dropped.map(({ row }) => row)).toEqual([0, 2]);
    expect(() => encodePairs(rows, bytes)).toThrow('encodePairs: rows[0] is undefined, expected { chosen, rejected }');
  });
});

describe('what a template does not read', () => {
  it('may be anything, in columns of rows of messages', () => {
    const columns = { id: 5n, time: new Date(0), image: new Uint8Array(3), parse: throws, seen: new Map() };
    const { pairs } = encodePairs([{ ...turns(assistant('yes')), ...columns }], tokenizer);
    expect(pairs).toEqual(encodePairs([turns(assistant('yes'))], tokenizer).pairs);
  });

  it('is not looked at in rows of text', () => {
    const row = Object.defineProperty({ ...good }, 'source', { get: throws, enumerable: true });
    expect(encodePairs([row], bytes).pairs).toEqual(encodePairs([good], bytes).pairs);
  });

  it('does not reach the prototype of anything', () => {
    const row =
      JSON.parse(`{"chosen": [{"role": "user", "content": "Q", "__proto__": {"polluted": 1}}, {"role": "assistant", "content": "yes"}],
      "rejected": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "no"}], "__proto__": {"polluted": 1}}`) as object;
    encodePairs([row], tokenizer, { dropBadRows: true });
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});
