import * as rules from '../../src/backend/arrays/rules.js';
import { sizeOf } from '../../src/backend/arrays/shapes.js';
import { float64Of, tensorFrom, type ArrayTensor, type DataTensor } from '../../src/backend/arrays/tensor.js';

/** An argument of an operation: a tensor, several, or anything else as it is. */
export type Argument = DataTensor | readonly DataTensor[] | number | readonly number[] | string | undefined;

/** The gradients of an operation by its arguments, given the one by its value `y`; undefined where there is none. */
export type Rule = (dy: ArrayTensor, y: DataTensor, ...args: Argument[]) => readonly (() => ArrayTensor | undefined)[];

/** The rules of all operations that have a gradient, by name. */
export type Rules = Readonly<Record<string, Rule>>;

/** A row that was taken several times gets the sum, and one that is nearest to an index out of range NaN. */
const take = (dy: ArrayTensor, _: DataTensor, x: DataTensor, indices: DataTensor) => [
  () => {
    const [rows, block, values] = [float64Of(dy), sizeOf(x.dims.slice(1)), new Float64Array(sizeOf(x.dims))];
    float64Of(indices).forEach((index, from) => {
      const to = Math.min(Math.max(index, 0), x.dims[0]! - 1);
      for (let i = 0; i < block; i++) values[to * block + i]! += index === to ? rows[from * block + i]! : NaN;
    });
    return tensorFrom(values, x.dims);
  },
];

/** The rules of the arrays engine, which do not use the operations of the engine under test. */
export const soundRules = { ...rules, take, cast: (dy: ArrayTensor) => [() => dy] } as unknown as Rules;
