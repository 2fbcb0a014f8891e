import { ops, segmentAttentionMask, type Nested } from '../../src/index.js';
import { hashed } from '../../tools/hashed.js';
import { ints, type X } from './engine.js';

const [VOCABULARY, POSITIONS, WIDTH] = [11, 8, 3];
const table = (rows: number, columns: number, seed: number): Nested => {
  const values = hashed(rows * columns, seed, 1);
  return Array.from({ length: rows }, (_, i) => Array.from(values.slice(i * columns, (i + 1) * columns)));
};

/** Weights of the model: embeddings of tokens and positions, then query, key and value. */
export const weightsOfAttention: readonly Nested[] = [
  table(VOCABULARY, WIDTH, 1),
  table(POSITIONS, WIDTH, 2),
  ...[3, 4, 5].map((seed) => table(WIDTH, WIDTH, seed)),
];

/** What the model reads, in plain numbers `[B, T]`. */
export interface AttentionInput {
  readonly tokens: number[][];
  readonly positions: number[][];
  /** Segments, or the attention mask of padded rows, which is a row of one segment. */
  readonly segments: number[][];
}

/** Logits of one layer of attention, in operations that every engine has. The output embedding is that of the tokens. */
export function attentionLogits([tokenTable, positionTable, ...projections]: readonly X[], input: AttentionInput): X {
  const [rows, time] = [input.tokens.length, input.tokens[0]!.length];
  const embed = (of: X, ids: number[][]): X => ops.reshape<X>(ops.take<X>(of, ids.flat()), [rows, time, WIDTH]);
  const x = ops.add(embed(tokenTable, input.tokens), embed(positionTable, input.positions));
  // [B, T, D] times [D, E], as sums over the next to last axis of [B, T, D, E].
  const times = (a: X, weight: X): X =>
    ops.sum<X>(ops.mul(ops.reshape<X>(a, [rows, time, WIDTH, 1]), ops.reshape<X>(weight, [1, 1, ...ops.shape(weight)])), 2);
  const [query, key, value] = projections.map((weight) => times(x, weight));
  const scores = ops.sum<X>(ops.mul(ops.reshape<X>(query, [rows, time, 1, WIDTH]), ops.reshape<X>(key, [rows, 1, time, WIDTH])), -1);
  const seen = segmentAttentionMask<X>(ints(input.segments));
  const masked = ops.where(seen, scores, -1e9);
  const shares = ops.exp(ops.sub(masked, ops.reshape<X>(ops.logSumExp<X>(masked), [rows, time, 1])));
  const mixed = ops.sum<X>(ops.mul(ops.reshape<X>(shares, [rows, time, time, 1]), ops.reshape<X>(value, [rows, 1, time, WIDTH])), 2);
  const columns = ops.reshape<X>(ops.add(x, mixed), [rows, time, 1, WIDTH]);
  return ops.sum<X>(ops.mul(columns, ops.reshape<X>(tokenTable, [1, 1, VOCABULARY, WIDTH])), -1);
}
