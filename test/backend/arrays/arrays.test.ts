import { describe, expect, it } from 'vitest';
import { ops } from '../../../src/index.js';
import { arrays } from '../../../src/backend/arrays/arrays.js';
import { expectError, isArrays, type X } from '../../support/engine.js';

// These tests concern this engine only, so they run once.
describe.runIf(isArrays)('the arrays engine', () => {
  it('rejects ragged lists, and lists of anything but numbers', () => {
    expect(() => arrays.shape([[1], [1, 2]])).toThrow(new RangeError('a list is ragged: it holds entries of shape [1] and [2]'));
    expect(() => arrays.shape([1, [2]])).toThrow(new RangeError('a list is ragged: it holds entries of shape [] and [1]'));
    expect(() => arrays.shape(['x' as never])).toThrow(new TypeError('a list holds "x", expected numbers'));
    expect(() => arrays.shape([null as never])).toThrow(new TypeError('a list holds null, expected numbers'));
    expect(() => arrays.shape([undefined as never])).toThrow(new TypeError('a list holds undefined, expected numbers'));
    expect(() => arrays.shape([1n as never])).toThrow(new TypeError('a list holds a bigint, expected numbers'));
    expect(() => arrays.shape([new BigInt64Array(2) as never])).toThrow(
      new TypeError('a list holds a value of type BigInt64Array, expected numbers'),
    );
    for (const at of [0, 1]) {
      const hole = new Array<number>(2);
      hole[1 - at] = 1;
      for (const list of [hole, [hole]]) expect(() => arrays.shape(list)).toThrow(new TypeError('a list has a hole, expected numbers'));
    }
  });

  it('rejects lists without an end, and holes without visiting each', () => {
    const cycle: number[] = [];
    cycle.push(cycle as never);
    expect(() => arrays.shape(cycle)).toThrow(new RangeError('a list is nested more than 32 deep'));
    expect(() => arrays.shape(new Array<number>(2 ** 32 - 1))).toThrow(new TypeError('a list has a hole, expected numbers'));
  });

  it('rejects shapes that do not broadcast, and indices out of range', () => {
    expect(() => arrays.add([1, 2], [1, 2, 3])).toThrow(new RangeError('shapes [2] and [3] do not broadcast'));
    expect(() => arrays.take([1, 2], [2])).toThrow(new RangeError('take: index 2 is out of range for 2 rows'));
  });

  it('names shapes that do not fit, and an empty list', () => {
    const M = [[1, 2], [3, 4], [5, 6]]; // prettier-ignore
    expectError(() => ops.reshape([1, 2, 3], [2, 2]), RangeError, 'reshape: 3 values do not fit shape [2, 2]');
    expectError(() => ops.broadcastTo(M, [2]), RangeError, 'broadcastTo: shape [3, 2] does not broadcast to [2]');
    expectError(() => ops.concat<X>([M, [[1, 2, 3]]]), RangeError, 'concat: shapes [3, 2] and [1, 3] differ in an axis other than 0');
    expectError(() => ops.slice([1, 2, 3], 1, 9), RangeError, 'slice: [1, 9) is outside [0, 3)');
    expectError(() => ops.concat([]), RangeError, 'concat: xs is empty, expected at least one tensor');
  });

  it('returns new lists, also if nothing changes', () => {
    const x = [1, 2];
    for (const y of [
      arrays.stopGradient(x),
      arrays.cast(x, 'float'),
      arrays.reshape(x, [2]),
      arrays.broadcastTo(x, [2]),
      arrays.slice(x, 0, 2, 0),
    ]) {
      expect(y).toEqual(x);
      expect(y).not.toBe(x);
    }
  });
});
