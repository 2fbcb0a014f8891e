/** Rows or columns of a matrix, `from` to `to - 1`. */
export interface Part {
  readonly axis: 0 | 1;
  readonly from: number;
  readonly to: number;
}

/** Shape of the part of a matrix of the given shape. */
export const shapeOfPart = ([rows, columns]: readonly [number, number], { axis, from, to }: Part): [number, number] =>
  axis === 0 ? [to - from, columns] : [rows, to - from];

/**
 * Calls `f` for each contiguous run of a part: it lies from `start` to `end - 1` in the whole matrix, and begins at `at` in the part.
 * Rows are one run, columns one run per row.
 */
export function forRuns(
  [rows, columns]: readonly [number, number],
  { axis, from, to }: Part,
  f: (start: number, end: number, at: number) => void,
): void {
  if (axis === 0) f(from * columns, to * columns, 0);
  else for (let row = 0; row < rows; row++) f(row * columns + from, row * columns + to, row * (to - from));
}
