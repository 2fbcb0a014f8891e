import { reshape, slice, stack, unstack, type Tensor } from '@tensorflow/tfjs-core';

/**
 * A layout of several numbers per token in one tensor `[count, N]`, with one row per name. Kernels return their results in this form,
 * and rows are read and written by name.
 */
export interface PerToken<Name extends string> {
  /** The names, in the order of the rows. */
  readonly names: readonly Name[];
  /** Number of rows. */
  readonly count: number;
  /** One row, as a tensor of the given shape. Default `[N]`. */
  read(values: Tensor, name: Name, shape?: number[]): Tensor;
  /** All rows, each as a tensor of the given shape. */
  readAll(values: Tensor, shape: number[]): Readonly<Record<Name, Tensor>>;
  /** The tensor `[count, N]` with these rows, each `[N]`. */
  pack(rows: Readonly<Record<Name, Tensor>>): Tensor;
  /** The rows of several stacked tensors `[chunks, count, N]`, each `[chunks, N]`. */
  unpack(values: Tensor): Readonly<Record<Name, Tensor>>;
  /** The rows of a flat array, as views. */
  rowsOf(values: Float32Array): Readonly<Record<Name, Float32Array>>;
  /** WGSL: a function `<variable>_<name>(row : i32) -> f32` for each name, which reads the number of a token from the array `variable`. */
  wgslReads(variable: string): string;
}

/** The layout with one row per name, in this order. */
export function perToken<const Names extends readonly string[]>(...names: Names): PerToken<Names[number]> {
  type Name = Names[number];
  const count = names.length;
  const record = <V>(valueOf: (i: number) => V) => Object.fromEntries(names.map((name, i) => [name, valueOf(i)])) as Record<Name, V>;
  const readRow = (values: Tensor, i: number, shape: number[]): Tensor => reshape(slice(values, [i, 0], [1, values.size / count]), shape);
  return {
    names,
    count,
    read: (values, name, shape = [-1]) => readRow(values, names.indexOf(name), shape),
    readAll: (values, shape) => record((i) => readRow(values, i, shape)),
    pack: (rows) => stack(names.map((name: Name) => rows[name])),
    unpack(values) {
      const rows = unstack(values, 1);
      return record((i) => rows[i]!);
    },
    rowsOf(values) {
      const size = values.length / count;
      return record((i) => values.subarray(i * size, (i + 1) * size));
    },
    wgslReads: (variable) =>
      names
        .map((name, i) => `fn ${variable}_${name}(row : i32) -> f32 { return ${variable}[${i} * uniforms.rows + row]; }`)
        .join('\n      '),
  };
}
