import fc from 'fast-check';
import {
  batchesOf,
  collatePackedPairs,
  collatePackedSequences,
  collatePairs,
  packPairs,
  packSequences,
  type EncodedPair,
  type PackedBatch,
  type Sequence,
} from '../../../src/index.js';
import { ensure, property } from '../property.js';

const sequence: fc.Arbitrary<Sequence> = fc
  .array(fc.record({ token: fc.nat(50_000), counts: fc.constantFrom(0, 1), weight: fc.constantFrom(0, 0.5, 1, 2) }), {
    minLength: 2,
    maxLength: 12,
  })
  .chain((parts) =>
    fc.record({
      tokens: fc.constant(parts.map(({ token }) => token)),
      mask: fc.constant(parts.map(({ counts }, t) => (t === 1 ? 1 : counts))),
      ...{ weights: fc.option(fc.constant(parts.map(({ weight }) => weight)), { nil: undefined }) },
    }),
  )
  .map(({ tokens, mask, weights }) => ({ tokens, mask, ...(weights && { weights }) }));

const options = fc.record({
  maxLength: fc.integer({ min: 8, max: 40 }),
  dropBadRows: fc.constant(true),
  ...{ seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }) },
});
const pad = fc.record({ padTokenId: fc.constantFrom(0, 7), padToMultipleOf: fc.constantFrom(1, 4, 64) });

/** What a batch holds of a sequence: tokens and weights of the counted tokens. The first token is never counted. */
const contents = ({ tokens, mask, weights }: Sequence): string =>
  tokens.map((token, t) => `${token}:${t > 0 && mask[t] === 1 ? (weights?.[t] ?? 1) : 0}`).join(' ');

/** The sequence at a place of a packed batch. */
function unpacked({ tokens, mask, weights, segments, positions, count }: PackedBatch, place: number): string {
  const [row, segment] = [Math.floor(place / count), (place % count) + 1];
  const at = segments[row]!.flatMap((s, t) => (s === segment ? [t] : []));
  ensure(at.every((t, i) => positions[row]![t] === i), () => `the positions of segment ${segment} are not 0, 1, ...`); // prettier-ignore
  return at.map((t) => `${tokens[row]![t]!}:${mask[row]![t]! * (weights?.[row]![t] ?? 1)}`).join(' ');
}

const equal = (got: readonly unknown[], wanted: readonly unknown[], what: string): void => {
  ensure(got.join('|') === wanted.join('|'), () => `${what}: ${got.join('|')}, expected ${wanted.join('|')}`);
};

export const packedSequences = property({
  name: 'packs of sequences hold each sequence once, and unpack to it',
  runs: 300,
  input: fc.record({ sequences: fc.array(sequence, { maxLength: 12 }), options, pad }),
  holds: ({ sequences, options: given, pad: padding }) => {
    const { packs, dropped } = packSequences(sequences, given);
    const order = packs.flat();
    equal([...order.map((s) => sequences.indexOf(s)), ...dropped.map(({ row }) => row)].sort((a, b) => a - b), [...sequences.keys()], 'indices'); // prettier-ignore
    for (const pack of packs) ensure(pack.reduce((sum, { tokens }) => sum + tokens.length, 0) <= given.maxLength, () => 'a pack is too long'); // prettier-ignore
    if (packs.length === 0) return;
    const batch = collatePackedSequences(packs, padding);
    ensure(batch.tokens.every((row) => row.length % padding.padToMultipleOf === 0), () => 'a width is no multiple'); // prettier-ignore
    equal(batch.places.map((place) => unpacked(batch, place)), order.map(contents), 'sequences'); // prettier-ignore
  },
});

const pair = fc.tuple(sequence, sequence).map(([chosen, rejected]): Omit<EncodedPair, 'row'> => ({ chosen, rejected }));
const pairs = fc.array(pair, { minLength: 1, maxLength: 8 }).map((all): EncodedPair[] => all.map((one, row) => ({ ...one, row })));

export const packedPairs = property({
  name: 'packs of pairs unpack to both sides of each',
  runs: 200,
  input: fc.record({ pairs, options, pad }),
  holds: ({ pairs: all, options: given, pad: padding }) => {
    const { packs, dropped } = packPairs(all, given);
    const order = packs.flat();
    equal(
      [...order.map(({ row }) => row), ...dropped.map(({ row }) => row)].sort((a, b) => a - b),
      [...all.keys()],
      'rows',
    );
    if (packs.length === 0) return;
    const batch = collatePackedPairs(packs, padding);
    for (const side of ['chosen', 'rejected'] as const)
      equal(batch.places[side].map((place) => unpacked(batch, place)), order.map((one) => contents(one[side])), side); // prettier-ignore
  },
});

export const batches = property({
  name: 'batches hold each pair once, and collate to its sides',
  runs: 200,
  input: fc.record({ pairs, pad, batchSize: fc.integer({ min: 1, max: 5 }), seed: fc.option(fc.integer({ min: 0, max: 2 ** 32 - 1 })), byLength: fc.boolean() }), // prettier-ignore
  holds: ({ pairs: all, pad: padding, batchSize, seed, byLength }) => {
    const lengthOf = ({ chosen }: EncodedPair) => chosen.tokens.length;
    const split = batchesOf(all, { batchSize, ...(seed !== null && { seed }), ...(byLength && { lengthOf }) });
    equal(split.flat().map(({ row }) => row).sort((a, b) => a - b), [...all.keys()], 'rows'); // prettier-ignore
    ensure(split.filter((batch) => batch.length !== batchSize).length <= 1, () => 'more than one batch is short');
    for (const batch of split) {
      const { tokens, attentionMask, mask, weights } = collatePairs(batch, padding);
      const rows = tokens.map((row, r) => row.flatMap((token, t) => (attentionMask[r]![t] === 1 ? [`${token}:${mask[r]![t]! * (weights?.[r]![t] ?? 1)}`] : [])).join(' ')); // prettier-ignore
      equal(rows, [...batch.map(({ chosen }) => contents(chosen)), ...batch.map(({ rejected }) => contents(rejected))], 'rows');
    }
  },
});
