import { describe, expect, it } from 'vitest';
import { ops } from '../../../src/index.js';
import { expectClose } from '../../../src/testing/index.js';
import { derivatives, expectGradients, expectValues, isArrays, type X } from '../../support/engine.js';
import { sigmoid, softplus, weight } from '../../support/samples.js';

// The conformance suite compares every engine with this one, so this one is compared with numbers that do not come from an engine.
// `tensors` shares its arithmetic, so these tests run once.

const A = [-2.5, -0.75, 0.5, 1.25, 3];
const B = [0.5, -1.5, 2.5, -0.25, 1.75];
const POSITIVE = [0.01, 0.5, 1, 2.5, 40];

type Numbers = (...x: number[]) => number;

// name -> [operation, the same on numbers, derivatives by each operand]
const BINARY: Readonly<Record<string, readonly [(a: X, b: X) => X, Numbers, Numbers, Numbers]>> = {
  add: [ops.add, (a, b) => a! + b!, () => 1, () => 1],
  sub: [ops.sub, (a, b) => a! - b!, () => 1, () => -1],
  mul: [ops.mul, (a, b) => a! * b!, (_, b) => b!, (a) => a!],
  div: [ops.div, (a, b) => a! / b!, (_, b) => 1 / b!, (a, b) => -a! / (b! * b!)],
  maximum: [ops.maximum, Math.max, (a, b) => Number(a! > b!), (a, b) => Number(b! > a!)],
  minimum: [ops.minimum, Math.min, (a, b) => Number(a! < b!), (a, b) => Number(b! < a!)],
};

// name -> [operation, the same on numbers, derivative, points]
const UNARY: Readonly<Record<string, readonly [(x: X) => X, Numbers, Numbers, readonly number[]]>> = {
  neg: [ops.neg, (x) => -x!, () => -1, A],
  abs: [ops.abs, Math.abs, (x) => Math.sign(x!), A],
  square: [ops.square, (x) => x! * x!, (x) => 2 * x!, A],
  exp: [ops.exp, Math.exp, Math.exp, A],
  log: [ops.log, Math.log, (x) => 1 / x!, POSITIVE],
  expm1: [ops.expm1, Math.expm1, Math.exp, A],
  log1p: [ops.log1p, Math.log1p, (x) => 1 / (1 + x!), [-0.9, -0.3, 0.001, 1.5, 30]],
  sqrt: [ops.sqrt, Math.sqrt, (x) => 0.5 / Math.sqrt(x!), POSITIVE],
  softplus: [ops.softplus, softplus as Numbers, sigmoid as Numbers, A],
  sigmoid: [ops.sigmoid, sigmoid as Numbers, (x) => sigmoid(x!) * sigmoid(-x!), A],
};

/** [2, 3, 2] */
const CUBE = [[[3, 8], [5, 2], [4, 1]], [[7, 6], [0, 9], [11, 10]]]; // prettier-ignore
const w = weight;

describe.runIf(isArrays)('the arrays engine computes', () => {
  it.each(Object.entries(BINARY))('%s, broadcast and with numbers', async (_, [op, f, byA, byB]) => {
    await expectValues(op(A, B), A.map((a, i) => f(a, B[i]!))); // prettier-ignore
    await expectValues(op(A, 2), A.map((a) => f(a, 2))); // prettier-ignore
    await expectValues(op(2, B), B.map((b) => f(2, b))); // prettier-ignore
    await expectValues(op([[1], [-2]], [A, B]), [A.map((a) => f(1, a)), B.map((b) => f(-2, b))]);
    await expectValues(op(A, [[1], [-2]]), [A.map((a) => f(a, 1)), A.map((a) => f(a, -2))]);
    await expectGradients(op, [A, B], [A.map((a, i) => w(i) * byA(a, B[i]!)), A.map((a, i) => w(i) * byB(a, B[i]!))]);
    const column = [0.25, -4];
    await expectGradients(op, [[[column[0]!], [column[1]!]], [7, 8, 9]], [
      column.map((a, i) => [[7, 8, 9].reduce((total, b, j) => total + w(3 * i + j) * byA(a, b), 0)]),
      [7, 8, 9].map((b, j) => column.reduce((total, a, i) => total + w(3 * i + j) * byB(a, b), 0)),
    ]); // prettier-ignore
  });

  it.each(Object.entries(UNARY))('%s', async (_, [op, f, slope, at]) => {
    await expectValues(op(at), at.map((x) => f(x))); // prettier-ignore
    await expectGradients(op, [[...at]], [at.map((x, i) => w(i) * slope(x))]);
  });

  it('pow', async () => {
    const [x, y] = [[0.25, 0.5, 1.5, 2, 3], [-1.5, 2, 0.5, 3, 1]]; // prettier-ignore
    await expectValues(ops.pow(x, y), [8, 0.25, Math.sqrt(1.5), 8, 3]);
    await expectValues(ops.pow(x, 2), [0.0625, 0.25, 2.25, 4, 9]);
    await expectValues(ops.pow(2, y), [2 ** -1.5, 4, Math.SQRT2, 8, 2]);
    const byBase = [-48, 1, 0.5 / Math.sqrt(1.5), 12, 1];
    const byExponent = [8, 0.25, Math.sqrt(1.5), 8, 3].map((v, i) => v * Math.log(x[i]!));
    await expectGradients(ops.pow, [x, y], [byBase.map((g, i) => w(i) * g), byExponent.map((g, i) => w(i) * g)]);
  });

  it('functions whose naive formulas cancel or overflow, to the last digit', () => {
    const small = [1e-30, -1e-30, 1e-12, -1e-7, 3e-5, -0.002, 0.3, -0.49, 0.51];
    expectClose(ops.expm1(small), small.map(Math.expm1), { relative: 1e-15 });
    expectClose(ops.log1p(small), small.map(Math.log1p), { relative: 1e-15 });
    const far = [-1e4, -80, -30, -16, -12, -5, -0.5, 0, 2, 20, 90, 1e4];
    expectClose(ops.softplus(far), far.map(softplus), { relative: 1e-15 });
    expectClose(ops.sigmoid(far), far.map(sigmoid), { relative: 1e-15 });
    // By mpmath, 50 digits.
    expectClose(ops.softplus([-40, -1, 1, 30]), [4.2483542552915888e-18, 0.31326168751822283, 1.3132616875182228, 30.000000000000093576], { relative: 1e-15 }); // prettier-ignore
    expectClose(ops.sigmoid([-40, -1, 1, 30]), [4.2483542552915889e-18, 0.26894142136999512, 0.73105857863000488, 0.99999999999990642], { relative: 1e-15 }); // prettier-ignore
    expectClose(ops.expm1([1e-10, -1]), [1.00000000005e-10, -0.63212055882855768], { relative: 1e-15 });
    expectClose(ops.log1p([1e-10, -0.5]), [9.9999999995e-11, -Math.LN2], { relative: 1e-15 });
  });

  it('comparisons', async () => {
    const [x, y] = [[1, 2, 3], [2, 2, 2]]; // prettier-ignore
    for (const other of [y, 2]) {
      await expectValues(ops.equal<X>(x, other), [0, 1, 0]);
      await expectValues(ops.greater<X>(x, other), [0, 0, 1]);
      await expectValues(ops.greaterEqual<X>(x, other), [0, 1, 1]);
    }
    await expectValues(ops.greater(2, x), [1, 0, 0]);
    await expectValues(ops.greaterEqual([[2], [3]], x), [[1, 1, 0], [1, 1, 1]]); // prettier-ignore
  });

  it('where', async () => {
    await expectValues(ops.where([0, 0, 1, 1, 1], A, B), [0.5, -1.5, 0.5, 1.25, 3]);
    await expectValues(ops.where([0, 2, -0.5], 1, 0), [0, 1, 1]);
    await expectValues(ops.where([0, 0, 1, 1, 1], A, -7), [-7, -7, 0.5, 1.25, 3]);
    await expectValues(ops.where<X, X>([[1], [0]], [[1, 2], [3, 4]], 9), [[1, 2], [9, 9]]); // prettier-ignore
    await expectValues(ops.where<X, X>([[1, 0], [0, 1]], [5, 6], [[7], [8]]), [[5, 7], [8, 6]]); // prettier-ignore
    await expectValues(ops.where<X, X>([1, 0], [[[1, 2]], [[3, 4]]], 0), [[[1, 0]], [[3, 0]]]); // prettier-ignore
    await expectGradients((x, y) => ops.where<X, X>([[1, 0], [0, 1]], x, y), [[5, 6], [[7], [8]]], [[w(0), w(3)], [[w(1)], [w(2)]]]); // prettier-ignore
  });

  it('sum and max over each axis', async () => {
    const byAxis = [
      [[[10, 14], [5, 11], [15, 11]], [[7, 8], [5, 9], [11, 10]]],
      [[[12, 11], [18, 25]], [[5, 8], [11, 10]]],
      [[[11, 7, 5], [13, 9, 21]], [[8, 5, 4], [7, 9, 11]]],
    ]; // prettier-ignore
    for (const [axis, [total, largest]] of byAxis.entries()) {
      for (const own of [axis, axis - 3]) {
        await expectValues(ops.sum<X>(CUBE, own), total!);
        await expectValues(ops.max<X>(CUBE, own), largest!);
      }
    }
    await expectValues(ops.sum<X>(CUBE), 66);
    await expectValues(ops.max<X>(CUBE), 11);
    await expectValues(ops.sum([]), 0);
    await expectGradients((x: X) => ops.sum<X>(x), [CUBE], [CUBE.map((m) => m.map((row) => row.map(() => w(0))))]);
    await expectGradients((x: X) => ops.sum<X>(x, 0), [CUBE], [[0, 1].map(() => [[w(0), w(1)], [w(2), w(3)], [w(4), w(5)]])]); // prettier-ignore
    await expectGradients((x: X) => ops.sum<X>(x, 1), [CUBE], [[[0, 1, 2].map(() => [w(0), w(1)]), [0, 1, 2].map(() => [w(2), w(3)])]]); // prettier-ignore
    await expectGradients((x: X) => ops.sum<X>(x, -1), [CUBE], [[0, 3].map((i) => [0, 1, 2].map((j) => [w(i + j), w(i + j)]))]); // prettier-ignore
    await expectGradients((x: X) => ops.max<X>(x, 1), [CUBE], [[[[0, w(1)], [w(0), 0], [0, 0]], [[0, 0], [0, 0], [w(2), w(3)]]]]); // prettier-ignore
    await expectGradients((x: X) => ops.max<X>(x), [CUBE], [[[[0, 0], [0, 0], [0, 0]], [[0, 0], [0, 0], [w(0), 0]]]]); // prettier-ignore
  });

  it('a long sum', () => {
    expectClose(ops.sum(new Array<number>(300_000).fill(0.1)), 30_000, { relative: 1e-12 });
  });

  it('cumsum and sort along the last axis', async () => {
    const x = [[3, -1, 2.5, -7], [4, 3, 2, 1]]; // prettier-ignore
    await expectValues(ops.cumsum(x), [[3, 2, 4.5, -2.5], [4, 7, 9, 10]]); // prettier-ignore
    await expectValues(ops.cumsum<X>([[[1, 2], [3, 4]]]), [[[1, 3], [3, 7]]]); // prettier-ignore
    await expectValues(ops.sort(x), [[-7, -1, 2.5, 3], [1, 2, 3, 4]]); // prettier-ignore
    await expectGradients((v: X) => ops.cumsum<X>(v), [[1, 2, 4]], [[w(0) + w(1) + w(2), w(1) + w(2), w(2)]]);
    await expectGradients((v: X) => ops.sort<X>(v), [x], [[[w(3), w(1), w(2), w(0)], [w(7), w(6), w(5), w(4)]]]); // prettier-ignore
  });

  it('take', async () => {
    const rows = [[1, 2], [3, 4], [5, 6]]; // prettier-ignore
    await expectValues(ops.take<X>(rows, [2, 0, 2]), [[5, 6], [1, 2], [5, 6]]); // prettier-ignore
    await expectValues(ops.take([7, 8, 9], [1, 1]), [8, 8]);
    await expectValues(ops.take([7, 8, 9], []), []);
    await expectGradients((x) => ops.take(x, [2, 0, 2, 1]), [[1, 2, 3, 4]], [[w(1), w(3), w(0) + w(2), 0]]);
    await expectGradients((x: X) => ops.take<X>(x, [1, 1]), [rows], [[[0, 0], [w(0) + w(2), w(1) + w(3)], [0, 0]]]); // prettier-ignore
  });

  it('slice and concat along each axis', async () => {
    await expectValues(ops.slice<X>(CUBE, 1, 2), [[[7, 6], [0, 9], [11, 10]]]); // prettier-ignore
    for (const axis of [1, -2]) await expectValues(ops.slice<X>(CUBE, 1, 3, axis), [[[5, 2], [4, 1]], [[0, 9], [11, 10]]]); // prettier-ignore
    for (const axis of [2, -1]) await expectValues(ops.slice<X>(CUBE, 0, 1, axis), [[[3], [5], [4]], [[7], [0], [11]]]); // prettier-ignore
    await expectGradients((x: X) => ops.slice<X>(x, 1, 3, 1), [CUBE], [[[[0, 0], [w(0), w(1)], [w(2), w(3)]], [[0, 0], [w(4), w(5)], [w(6), w(7)]]]]); // prettier-ignore

    const [a, b] = [[[[1, 2]], [[3, 4]]], [[[5, 6]], [[7, 8]]]]; // prettier-ignore
    await expectValues(ops.concat<X>([a, b]), [[[1, 2]], [[3, 4]], [[5, 6]], [[7, 8]]]);
    for (const axis of [1, -2]) await expectValues(ops.concat<X>([a, b], axis), [[[1, 2], [5, 6]], [[3, 4], [7, 8]]]); // prettier-ignore
    for (const axis of [2, -1]) await expectValues(ops.concat<X>([a, b], axis), [[[1, 2, 5, 6]], [[3, 4, 7, 8]]]);
    await expectGradients((x: X, y: X) => ops.concat<X>([x, y], 2), [a, b], [[[[w(0), w(1)]], [[w(4), w(5)]]], [[[w(2), w(3)]], [[w(6), w(7)]]]]); // prettier-ignore
  });

  it('reshape, broadcastTo, arange and cast', async () => {
    const rows = [[1, 2], [3, 4], [5, 6]]; // prettier-ignore
    await expectValues(ops.reshape(rows, [2, 3]), [[1, 2, 3], [4, 5, 6]]); // prettier-ignore
    await expectValues(ops.reshape([5], []), 5);
    await expectValues(ops.broadcastTo([[1], [2]], [2, 3]), [[1, 1, 1], [2, 2, 2]]); // prettier-ignore
    await expectValues(ops.broadcastTo([1, 2], [3, 2]), [[1, 2], [1, 2], [1, 2]]); // prettier-ignore
    await expectValues(ops.broadcastTo(3, [2]), [3, 3]);
    await expectValues(ops.arange(0, 4), [0, 1, 2, 3]);
    await expectValues(ops.cast([1.75, -1.75], 'int'), [1, -1]);
    await expectValues(ops.cast([2, 0, -0.5], 'bool'), [1, 0, 1]);
    expect(ops.shape([[[1], [2]]])).toEqual([1, 2, 1]); // prettier-ignore
    await expectGradients((x: X) => ops.reshape<X>(x, [3, 2]), [[[1, 2, 3], [4, 5, 6]]], [[[w(0), w(1), w(2)], [w(3), w(4), w(5)]]]); // prettier-ignore
    await expectGradients((x: X) => ops.broadcastTo<X>(x, [2, 3]), [[[1], [2]]], [[[w(0) + w(1) + w(2)], [w(3) + w(4) + w(5)]]]); // prettier-ignore
    await expectGradients((x: X) => ops.broadcastTo<X>(x, [2, 3]), [[1, 2, 3]], [[w(0) + w(3), w(1) + w(4), w(2) + w(5)]]);
  });

  it('the gradient at a tie, which is that of the first operand, and of max shared equally', async () => {
    const gradsOf = async (f: (...xs: X[]) => X, inputs: X[]): Promise<X> => (await derivatives(f, inputs)).grads;
    expect(await gradsOf(ops.maximum, [[1], [1]])).toEqual([[w(0)], [0]]);
    expect(await gradsOf(ops.minimum, [[1], [1]])).toEqual([[w(0)], [0]]);
    expect(await gradsOf((x) => ops.max<X>(x), [[2, 1, 2, 0]])).toEqual([[w(0) / 2, 0, w(0) / 2, 0]]);
    expect(await gradsOf(ops.abs, [[0]])).toEqual([[0]]);
  });

  it('NaN and infinities', () => {
    for (const op of [ops.add, ops.sub, ops.mul, ops.div, ops.maximum, ops.minimum])
      expect(op<X>([NaN, 1, NaN, 3], [1, NaN, NaN, 3])).toEqual([NaN, NaN, NaN, op<number>(3, 3)]);
    for (const op of [ops.neg, ops.abs, ops.square, ops.exp, ops.log, ops.expm1, ops.log1p, ops.softplus, ops.sigmoid, ops.sqrt])
      expect(op<X>([NaN])).toEqual([NaN]);
    for (const op of [ops.equal, ops.greater, ops.greaterEqual]) expect(op<X>([NaN, NaN, 1], [NaN, 1, NaN])).toEqual([0, 0, 0]);
    expect(ops.where<X, X>([NaN, 0], [1, NaN], [NaN, 2])).toEqual([1, 2]);
    for (const op of [ops.sum, ops.max]) expect(op<X>([[1, NaN], [3, 3]], 1)).toEqual([NaN, op<X>([3, 3])]); // prettier-ignore
    expect(ops.cumsum([1, NaN, 3])).toEqual([1, NaN, NaN]);
    expect(ops.max<X>([[-Infinity, 2], [-Infinity, -Infinity]], 1)).toEqual([2, -Infinity]); // prettier-ignore
    expect(ops.log([0, -1, Infinity])).toEqual([-Infinity, NaN, Infinity]);
    expect(ops.log1p([-1, -1.5])).toEqual([-Infinity, NaN]);
    expect(ops.exp([-Infinity, -1e30, 1e4])).toEqual([0, 0, Infinity]);
  });
});
