import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  attachReference,
  attachReferenceRow,
  hashTokens,
  mergeByRow,
  mismatchCompletions,
  parseJsonl,
  referenceRow,
  type EncodedPair,
  type WithReference,
} from '../../src/index.js';
import { example, pair } from '../support/encoded.js';

const stored = (item: Parameters<typeof referenceRow>[0]) => JSON.parse(JSON.stringify(referenceRow(item))) as object;

const examples = [example(0, [1], [2]), example(1, [3], [4])];
const mismatched = mismatchCompletions(examples);

describe('referenceRow and attachReferenceRow', () => {
  it('store the log-probs of a pair, an example, and one with a mismatched completion', () => {
    const items = [
      ...attachReference([[pair(7, [1], [2], [3])]], [{ chosen: [-1.5], rejected: [-2] }]),
      ...attachReference([examples], [[-1, -2]]),
      ...attachReference([mismatched], [{ completion: [-1, -2], mismatched: [-3, -4] }]),
    ];
    expect(items.map(referenceRow)).toEqual([
      { row: 7, hash: hashTokens(items[0]!), reference: { chosen: -1.5, rejected: -2 } },
      { row: 0, hash: hashTokens(examples[0]!), reference: -1 },
      { row: 1, hash: hashTokens(examples[1]!), reference: -2 },
      { row: 0, hash: hashTokens(mismatched[0]!), reference: -1, mismatchedReference: -3 },
      { row: 1, hash: hashTokens(mismatched[1]!), reference: -2, mismatchedReference: -4 },
    ]);
    for (const item of items) {
      const { reference, mismatchedReference, ...bare } = { mismatchedReference: undefined, ...item };
      expect([reference, mismatchedReference]).not.toContain(NaN);
      expect(attachReferenceRow(bare as EncodedPair, stored(item))).toEqual(item);
    }
  });

  it('keep every finite number through JSON but -0, which becomes 0', () => {
    for (const logp of [-0.1, -1e-300, -5e-324, -Number.MAX_VALUE, -1234.5678901234567, -(0.1 + 0.2), Math.fround(-0.1)]) {
      expect(attachReferenceRow(examples[0]!, stored({ ...examples[0]!, reference: logp })).reference).toBe(logp);
    }
    expect(attachReferenceRow(examples[0]!, stored({ ...examples[0]!, reference: -0 })).reference).toBe(0);
  });

  it('replace an earlier reference, and have the type of attachReference', () => {
    const item = { ...pair(0, [1], [2], [3]), weight: 2, reference: { chosen: -1, rejected: -2 } };
    const known = attachReferenceRow(item as EncodedPair, stored({ ...item, reference: { chosen: -3, rejected: -4 } }));
    expectTypeOf(known).toEqualTypeOf<WithReference<EncodedPair>>();
    expect(known).toEqual({ ...item, reference: { chosen: -3, rejected: -4 } });
    expect(item.reference.chosen).toBe(-1);
  });

  it('notice a row that is missing between or after others', async () => {
    const pairs = Array.from({ length: 6 }, (_, row) => pair(row, [1], [2, row], [3]));
    const lines = pairs.map((item) => JSON.stringify(referenceRow({ ...item, reference: { chosen: -item.row, rejected: -9 } })));
    const attach = async (missing?: number) => {
      const kept = (n: number) => parseJsonl(lines.filter((_, row) => row % 2 === n && row !== missing).join('\n'));
      const rows = mergeByRow([kept(1), kept(0)]);
      const known: WithReference<EncodedPair>[] = [];
      for (const item of pairs) known.push(attachReferenceRow(item, (await rows.next()).value));
      return known;
    };
    expect((await attach()).map(({ reference }) => reference.chosen)).toEqual([-0, -1, -2, -3, -4, -5].map((logp) => logp + 0));
    await expect(attach(2)).rejects.toThrow(new RangeError('attachReferenceRow: row 2 got the reference of row 3'));
    await expect(attach(5)).rejects.toThrow(
      new TypeError('attachReferenceRow: row 5: referenceRow is undefined, expected { row, hash, reference }'),
    );
  });

  const item = pair(17, [1], [2], [3]);
  const row = referenceRow({ ...item, reference: { chosen: -1, rejected: -2 } });
  const second = mismatched[1]!;
  const other = referenceRow({ ...second, reference: -1, mismatchedReference: -2 });
  it.each<[string, unknown, unknown, typeof TypeError | typeof RangeError]>([
    [': item is undefined, expected an encoded pair or example with its row', undefined, row, TypeError],
    [': item lacks row, expected an encoded pair or example with its row', { ...item, row: undefined }, row, TypeError],
    [': item.row must be an integer >= 0, got 0.5', { ...item, row: 0.5 }, row, RangeError],
    [': row 17: item lacks rejected, expected { chosen, rejected }', { row: 17, chosen: item.chosen }, row, TypeError],
    [': row 17: referenceRow is null, expected { row, hash, reference }', item, null, TypeError],
    [': row 17: referenceRow lacks hash, expected { row, hash, reference }', item, { row: 17, reference: -1 }, TypeError],
    [': row 18 got the reference of row 17', { ...item, row: 18 }, row, RangeError],
    [': row 17 got the reference of row "17"', item, { ...row, row: '17' }, RangeError],
    [': row 17 has other tokens than when its reference was computed', pair(17, [1], [2], [4]), row, RangeError],
    [': row 17 has other tokens than when its reference was computed', { ...item, chosen: item.rejected }, row, RangeError],
    [': row 17 has other tokens than when its reference was computed', item, { ...row, hash: 1 }, RangeError],
    [': row 17: referenceRow.reference is a number, expected { chosen, rejected }', item, { ...row, reference: -1 }, TypeError],
    [': row 17: referenceRow.reference.rejected must be finite, got -Infinity', item, { ...row, reference: { chosen: -1, rejected: -Infinity } }, RangeError],
    [': row 17: referenceRow.reference.chosen is null, expected a number', item, { ...row, reference: { chosen: null, rejected: -1 } }, TypeError],
    [': row 1: referenceRow.reference is a value of type Object, expected a number', second, { ...other, reference: row.reference }, TypeError],
    [': row 1: referenceRow.mismatchedReference is undefined, expected a number', second, { ...other, mismatchedReference: undefined }, TypeError],
  ])('attachReferenceRow%s', (message, given, from, kind) => {
    expect(() => attachReferenceRow(given as never, from)).toThrow(new kind(`attachReferenceRow${message}`));
  }); // prettier-ignore

  it.each<[string, unknown, typeof TypeError | typeof RangeError]>([
    ['item is null, expected an encoded pair or example with its row', null, TypeError],
    ['row 17: item.reference is undefined, expected { chosen, rejected }', item, TypeError],
    ['row 17: item.reference.rejected must be finite, got NaN', { ...item, reference: { chosen: -1, rejected: NaN } }, RangeError],
    ['row 1: item.reference is undefined, expected a number', examples[1], TypeError],
    ['row 1: item.mismatchedReference is undefined, expected a number', { ...second, reference: -1 }, TypeError],
    [
      'row 1: item.mismatchedReference must be finite, got Infinity',
      { ...second, reference: -1, mismatchedReference: Infinity },
      RangeError,
    ],
  ])('referenceRow: %s', (message, given, kind) => {
    expect(() => referenceRow(given as never)).toThrow(new kind(`referenceRow: ${message}`));
  });
});
