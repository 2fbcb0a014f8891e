import { ops } from '../../src/index.js';
import { isArrays, type X } from './engine.js';

/** The tensor without its rows, `[0, ...]`; on arrays, where a list has no other axes, an empty list. */
const withoutRows = (x: X): X => (isArrays ? [] : ops.slice<X>(x, 0, 0));

/** A record with every tensor but scalars without its rows. */
export const emptied = (record: Readonly<Record<string, X>>): Record<string, X> =>
  Object.fromEntries(
    Object.entries(record).map(([key, x]) => [key, typeof x === 'object' && ops.shape(x).length > 0 ? withoutRows(x) : x]),
  );
