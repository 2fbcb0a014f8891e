/** The number of values of a tensor with these axes. */
export const sizeOf = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

/** The axes for a message. */
export const show = (dims: readonly number[]): string => `[${dims.join(', ')}]`;

/** Whether two shapes are the same. */
export const isSame = (a: readonly number[], b: readonly number[]): boolean => a.length === b.length && a.every((n, i) => n === b[i]);

/** An axis counted from the first. */
export const axisFrom0 = (axis: number, dims: readonly number[]): number => (axis < 0 ? axis + dims.length : axis);

/** The sizes before an axis, of the axis, and after it, each multiplied to one. */
export function around(dims: readonly number[], axis: number): [before: number, size: number, after: number] {
  return [sizeOf(dims.slice(0, axis)), dims[axis]!, sizeOf(dims.slice(axis + 1))];
}

/** The shape that both shapes broadcast to. */
export function commonShape(a: readonly number[], b: readonly number[]): readonly number[] {
  if (isSame(a, b)) return a;
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const [x, y] = [a.at(i - rank) ?? 1, b.at(i - rank) ?? 1];
    if (x !== y && x !== 1 && y !== 1) throw new RangeError(`shapes ${show(a)} and ${show(b)} do not broadcast`);
    return x === 1 ? y : x;
  });
}

/** The values of a tensor that is broadcast to a shape; the same array if nothing is repeated. */
export function repeated(values: Float64Array, dims: readonly number[], shape: readonly number[]): Float64Array {
  let [all, inner] = [values, 1];
  // From the last axis to the first, blocks of the axes behind are repeated.
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const n = shape[axis]!;
    if ((dims.at(axis - shape.length) ?? 1) !== n) all = withBlocksRepeated(all, inner, n);
    inner *= n;
  }
  return all;
}

function withBlocksRepeated(values: Float64Array, block: number, times: number): Float64Array {
  const result = new Float64Array(values.length * times);
  for (let from = 0, to = 0; from < values.length; from += block) {
    if (block === 1) result.fill(values[from]!, to, (to += times));
    else for (let k = 0; k < times; k++, to += block) result.set(values.subarray(from, from + block), to);
  }
  return result;
}

/** The reverse of {@link repeated}: sums over all that was repeated. */
export function summedTo(values: Float64Array, shape: readonly number[], dims: readonly number[]): Float64Array {
  let [all, sizes] = [values, shape];
  shape.forEach((n, axis) => {
    if ((dims.at(axis - shape.length) ?? 1) === n) return;
    all = sumOver(all, sizes, axis);
    sizes = sizes.map((size, i) => (i === axis ? 1 : size));
  });
  return all;
}

/** Values that are added one by one. Sums of these are added up, so that a sum of a million values is right to 1e-12. */
const BLOCK = 1024;

/** Sums over one axis. */
export function sumOver(values: Float64Array, dims: readonly number[], axis: number): Float64Array {
  const [before, size, after] = around(dims, axis);
  const [sums, block] = [new Float64Array(before * after), new Float64Array(after)];
  for (let i = 0, at = 0; i < before; i++) {
    for (let k = 1; k <= size; k++) {
      for (let j = 0; j < after; j++) block[j]! += values[at++]!;
      if (k % BLOCK && k < size) continue;
      for (let j = 0; j < after; j++) sums[i * after + j]! += block[j]!;
      block.fill(0);
    }
  }
  return sums;
}
