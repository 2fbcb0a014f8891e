import * as tf from '@tensorflow/tfjs-core';
import { isArrays, type X } from './engine.js';

/** The tensor without its rows, `[0, ...]`; on arrays, where a list has no other axes, an empty list. */
const withoutRows = (x: X): X => (isArrays ? [] : tf.zeros([0, ...(x as tf.Tensor).shape.slice(1)], (x as tf.Tensor).dtype));

/** A record with every tensor but scalars without its rows. */
export const emptied = (record: Readonly<Record<string, X>>): Record<string, X> =>
  Object.fromEntries(Object.entries(record).map(([key, x]) => [key, Array.isArray(x) || x instanceof tf.Tensor ? withoutRows(x) : x]));
