import { describe, expect, it } from 'vitest';
import { backendOf, ops, registerBackend, type Backend } from '../../src/index.js';
import {
  derivatives,
  epsilon,
  expectError,
  expectGradients,
  expectNoLeak,
  expectValues,
  engine,
  ints,
  isArrays,
  isReadable,
  read,
  tensor,
  type X,
  isFloat64,
  valueAndGradsOn,
} from '../support/engine.js';
import { expectClose } from '../../src/testing/index.js';
import { weight } from '../support/samples.js';

const A = [-2.5, -0.75, 0.5, 1.25, 3];
const B = [0.5, -1.5, 2.5, -0.25, 1.75];

// name -> [operation, the same on numbers, derivative with respect to a, to b]
const binary: Record<
  string,
  [(a: X, b: X) => X, (a: number, b: number) => number, (a: number, b: number) => number, (a: number, b: number) => number]
> = {
  add: [ops.add, (a, b) => a + b, () => 1, () => 1],
  sub: [ops.sub, (a, b) => a - b, () => 1, () => -1],
  mul: [ops.mul, (a, b) => a * b, (_, b) => b, (a) => a],
  div: [ops.div, (a, b) => a / b, (_, b) => 1 / b, (a, b) => -a / (b * b)],
  maximum: [ops.maximum, Math.max, (a, b) => Number(a > b), (a, b) => Number(b > a)],
  minimum: [ops.minimum, Math.min, (a, b) => Number(a < b), (a, b) => Number(b < a)],
};

const weights = [0, 1, 2, 3, 4].map(weight);

describe.each(Object.entries(binary))('%s', (_, [op, f, da, db]) => {
  it('computes values', async () => {
    await expectValues(
      op(tensor(A), tensor(B)),
      A.map((a, i) => f(a, B[i]!)),
      4,
    );
  });

  it('takes a number on either side', async () => {
    await expectValues(
      op(tensor(A), 2),
      A.map((a) => f(a, 2)),
      4,
    );
    await expectValues(
      op(2, tensor(B)),
      B.map((b) => f(2, b)),
      4,
    );
  });

  it('broadcasts a scalar and an axis of size 1', async () => {
    await expectValues(
      op(tensor(A), tensor(2)),
      A.map((a) => f(a, 2)),
      4,
    );
    await expectValues(op(tensor([[1], [-2]]), tensor([A, B])), [A.map((a) => f(1, a)), B.map((b) => f(-2, b))], 4);
    await expectValues(op(tensor(A), tensor([[1], [-2]])), [A.map((a) => f(a, 1)), A.map((a) => f(a, -2))], 4);
  });

  it('has its gradient', async () => {
    await expectGradients(op, [A, B], [A.map((a, i) => weights[i]! * da(a, B[i]!)), A.map((a, i) => weights[i]! * db(a, B[i]!))]);
  });

  it('leaks nothing', () => {
    const [a, b] = [tensor(A), tensor(B)];
    expectNoLeak(() => op(a, b));
  });
});

const sigmoid = (x: number) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));
const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

// name -> [operation, the same on numbers, derivative, points]
const unary: Record<string, [(x: X) => X, (x: number) => number, (x: number) => number, number[]]> = {
  neg: [ops.neg, (x) => -x, () => -1, A],
  abs: [ops.abs, Math.abs, Math.sign, A],
  square: [ops.square, (x) => x * x, (x) => 2 * x, A],
  exp: [ops.exp, Math.exp, Math.exp, A],
  log: [ops.log, Math.log, (x) => 1 / x, [0.01, 0.5, 1, 2.5, 40]],
  expm1: [ops.expm1, Math.expm1, Math.exp, A],
  log1p: [ops.log1p, Math.log1p, (x) => 1 / (1 + x), [-0.9, -0.3, 0.001, 1.5, 30]],
  sqrt: [ops.sqrt, Math.sqrt, (x) => 0.5 / Math.sqrt(x), [0.01, 0.5, 1, 2.5, 40]],
  tanh: [ops.tanh, Math.tanh, (x) => 1 - Math.tanh(x) ** 2, A],
  softplus: [ops.softplus, softplus, sigmoid, A],
  sigmoid: [ops.sigmoid, sigmoid, (x) => sigmoid(x) * sigmoid(-x), A],
  logSigmoid: [ops.logSigmoid, (x) => -softplus(-x), (x) => sigmoid(-x), A],
  relu: [ops.relu, (x) => Math.max(x, 0), (x) => Number(x > 0), A],
  clip: [(x) => ops.clip(x, -1, 1), (x) => Math.min(Math.max(x, -1), 1), (x) => Number(Math.abs(x) < 1), A],
};

describe.each(Object.entries(unary))('%s', (_, [op, f, df, at]) => {
  it('computes values', async () => {
    await expectValues(
      op(tensor(at)),
      at.map((x) => f(Math.fround(x))),
      isFloat64 ? 1e6 : 4,
    );
  });

  it('has its gradient', async () => {
    await expectGradients(op, [at], [at.map((x, i) => weights[i]! * df(x))]);
  });

  it('has its gradient on an intermediate value', async () => {
    await expectGradients((x) => op(ops.mul(x, 1)), [at], [at.map((x, i) => weights[i]! * df(x))]);
  });
});

describe('functions whose naive formulas cancel', () => {
  const small = [1e-30, -1e-30, 1e-12, -1e-7, 3e-5, -0.002, 0.3, -0.49, 0.51].map(Math.fround);

  it.each([
    ['expm1', ops.expm1, Math.expm1],
    ['log1p', ops.log1p, Math.log1p],
  ] as [string, (x: X) => X, (x: number) => number][])('%s has a small relative error near 0', async (_, op, f) => {
    expectClose((await read(op(tensor(small)))) as number[], small.map(f), { relative: isFloat64 ? 1e-15 : 2e-6 });
  });

  it('softplus has a small relative error far below 0', async () => {
    const x = [-80, -30, -16, -12, -5, -0.5, 0, 2, 20, 90];
    expectClose((await read(ops.softplus(tensor(x)))) as number[], x.map(softplus), { relative: isFloat64 ? 1e-15 : 2e-5 });
  });

  it('softplus and sigmoid are finite at 1e4', async () => {
    const x = [-1e4, 1e4];
    await expectValues(ops.softplus(tensor(x)), [0, 1e4]);
    await expectValues(ops.sigmoid(tensor(x)), [0, 1]);
    await expectGradients(ops.softplus, [x], [[0, weights[1]!]]);
  });

  it('sigmoid(-x) keeps what 1 - sigmoid(x) loses', async () => {
    expectClose((await read(ops.sigmoid(tensor([-17, -40])))) as number[], [sigmoid(-17), sigmoid(-40)], {
      relative: isFloat64 ? 1e-15 : 1e-5,
    });
  });
});

describe('comparisons', () => {
  it.each([
    ['equal', ops.equal, [0, 1, 0]],
    ['less', ops.less, [1, 0, 0]],
    ['lessEqual', ops.lessEqual, [1, 1, 0]],
    ['greater', ops.greater, [0, 0, 1]],
    ['greaterEqual', ops.greaterEqual, [0, 1, 1]],
  ] as [string, (a: X, b: X) => X, number[]][])('%s', async (_, op, expected) => {
    await expectValues(op(tensor([1, 2, 3]), tensor([2, 2, 2])), expected);
    await expectValues(op(tensor([1, 2, 3]), 2), expected);
    await expectValues(op(ints([1, 2, 3]), ints([2, 2, 2])), expected);
  });

  it('may compare a differentiated input', async () => {
    await expectGradients((x) => ops.where(ops.greater(x, 0), ops.mul(x, 3), x), [A], [A.map((x, i) => weights[i]! * (x > 0 ? 3 : 1))]);
  });
});

describe('where', () => {
  it('selects, and broadcasts numbers', async () => {
    const condition = ops.greater(tensor(A), 0);
    await expectValues(ops.where(condition, tensor(A), tensor(B)), [0.5, -1.5, 0.5, 1.25, 3]);
    await expectValues(ops.where(condition, 1, 0), [0, 0, 1, 1, 1]);
    await expectValues(ops.where(condition, tensor(A), -7), [-7, -7, 0.5, 1.25, 3]);
  });

  it('broadcasts a condition with as many values in fewer axes', async () => {
    const [condition, x] = [[[0, 1], [1, 0]], [[[1, 2], [3, 4]]]]; // prettier-ignore
    await expectValues(ops.where<X, X>(tensor(condition), tensor(x), 0), [[[0, 2], [3, 0]]]); // prettier-ignore
    await expectValues(ops.where<X, X>(tensor(condition), -1, tensor(x)), [[[1, -1], [-1, 4]]]); // prettier-ignore
    await expectGradients((v) => ops.where<X, X>(tensor(condition), v, 0), [x], [[[[0, weight(1)], [weight(2), 0]]]]); // prettier-ignore
  });

  it('takes a float or integer condition', async () => {
    await expectValues(ops.where(tensor([0, 1, 1]), 1, 2), [2, 1, 1]);
    await expectValues(ops.where(ints([0, 1, 1]), 1, 2), [2, 1, 1]);
  });

  it('is not affected by values that are not selected', async () => {
    await expectValues(ops.where(tensor([1, 0]), tensor([1, NaN]), tensor([NaN, 2])), [1, 2]);
    await expectGradients((x) => ops.where(tensor([1, 0, 1, 0, 1]), x, 0), [A], [[weights[0]!, 0, weights[2]!, 0, weights[4]!]]);
  });
});

describe('reductions', () => {
  const M = [
    [1, -2, 3.5],
    [0.25, 5, -6],
  ];

  it('sum over all axes, rows or columns', async () => {
    await expectValues(ops.sum(tensor(M)), 1.75, 8);
    await expectValues(ops.sum(tensor(M), -1), [2.5, -0.75], 8);
    await expectValues(ops.sum(tensor(M), 0), [1.25, 3, -2.5], 8);
  });

  it('average over all axes, rows or columns', async () => {
    await expectValues(ops.mean(tensor(M)), 1.75 / 6, 8);
    await expectValues(ops.mean(tensor(M), -1), [2.5 / 3, -0.25], 8);
    await expectValues(ops.mean(tensor(M), 0), [0.625, 1.5, -1.25], 8);
  });

  it('take the largest value', async () => {
    await expectValues(ops.max(tensor(M)), 5);
    await expectValues(ops.max(tensor(M), -1), [3.5, 5]);
    await expectValues(ops.max(tensor(M), 0), [1, 5, 3.5]);
    // Masked rows are filled with values far below all others.
    await expectValues(ops.div(ops.max(tensor([[-1e30, -2e30], [-3e38, -1e19]]), -1), 1e19), [-1e11, -1]); // prettier-ignore
    await expectGradients((x: X) => ops.max<X>(x, -1), [[[-1e30, -2e30]]], [[[weight(0), 0]]]);
  });

  it('have the gradients of sum and mean', async () => {
    await expectGradients(
      (x) => ops.sum(x, -1),
      [M],
      [
        [
          [1, 1, 1],
          [1, 1, 1],
        ].map((row, i) => row.map(() => weights[i]!)),
      ],
    );
    await expectGradients((x) => ops.sum(x, 0), [M], [M.map(() => weights.slice(0, 3))]);
    await expectGradients((x) => ops.mean(x), [M], [M.map((row) => row.map(() => weights[0]! / 6))]);
  });

  it('sum many values without drift', async () => {
    const n = 300_000;
    await expectValues(ops.sum(tensor(new Array<number>(n).fill(Math.fround(0.1)))), n * Math.fround(0.1), n);
    expectClose((await read(ops.sum(tensor(new Array<number>(n).fill(Math.fround(0.1)))))) as number, n * Math.fround(0.1), {
      relative: isFloat64 ? 1e-9 : 1e-6,
    });
  });

  it('logSumExp does not overflow, and its gradient is the softmax', async () => {
    await expectValues(
      ops.logSumExp(
        tensor([
          [1e4, 1e4],
          [-1e4, -1e4],
        ]),
      ),
      [1e4 + Math.LN2, -1e4 + Math.LN2],
    );
    const x = [1, 2, 4];
    const total = x.reduce((a, v) => a + Math.exp(v), 0);
    await expectGradients((v) => ops.logSumExp(v), [x], [x.map((v) => (weights[0]! * Math.exp(v)) / total)]);
  });
});

it('logSumExp reduces any axis', async () => {
  const x = [[1, -2, 0.5], [3, 0.25, -1]]; // prettier-ignore
  const columns = x[0]!.map((v, i) => Math.log(Math.exp(v) + Math.exp(x[1]![i]!)));
  for (const axis of [0, -2]) await expectValues(ops.logSumExp<X>(tensor(x), axis), columns, 4);
  for (const axis of [1, -1]) await expectValues(ops.logSumExp<X>(tensor(x), axis), x.map((row) => Math.log(row.reduce((a, v) => a + Math.exp(v), 0))), 4); // prettier-ignore
});

describe('pow', () => {
  const [x, y] = [[0.25, 0.5, 1.5, 2, 3], [-1.5, 2, 0.5, 3, 1]]; // prettier-ignore

  it('computes values, of tensors, numbers and plain lists', async () => {
    const expected = x.map((v, i) => v ** y[i]!);
    await expectValues(ops.pow<X>(tensor(x), tensor(y)), expected, 8);
    await expectValues(ops.pow<X>(tensor(x), y), expected, 8);
    await expectValues(ops.pow<X>(x, tensor(y)), expected, 8);
    await expectValues(ops.pow<X>(tensor(x), 2), x.map((v) => v * v), 8); // prettier-ignore
  });

  it('has its gradient by base and exponent', async () => {
    const byBase = x.map((v, i) => weights[i]! * y[i]! * v ** (y[i]! - 1));
    const byExponent = x.map((v, i) => weights[i]! * v ** y[i]! * Math.log(v));
    await expectGradients(ops.pow, [x, y], [byBase, byExponent]);
  });

  it('takes 0 to a power of at least 1', async () => {
    await expectValues(ops.pow<X>(tensor([0, 0]), tensor([1, 2])), [0, 0]);
    const { grads } = await derivatives((v: X) => ops.pow<X>(v, 2), [[0]]);
    expect(grads[0]).toEqual([0]);
  });

  it('and sqrt fall back to exp and log on an engine without them', async () => {
    const plain: Partial<Backend<X>> = { ...backendOf<X>(tensor(x)), name: isArrays ? 'arrays' : 'plain' };
    delete plain.pow;
    delete plain.sqrt;
    const unregister = registerBackend(plain as Backend<X>);
    await expectValues(ops.pow<X>(tensor(x), tensor(y)), x.map((v, i) => v ** y[i]!), 8); // prettier-ignore
    await expectValues(ops.sqrt<X>(tensor(x)), x.map(Math.sqrt), 8);
    unregister();
  });
});

describe('plain values next to tensors', () => {
  const lists: [string, X, number[]][] = [
    ['a list', [3, 5], [3, 5]],
    ['booleans', [true, false], [1, 0]],
    ['a typed array', Float64Array.of(3, 5), [3, 5]],
  ];

  it.each(lists)('are constants: %s', async (_, plain, numbers) => {
    const x = tensor([2, 7]);
    await expectValues(ops.sub<X>(x, plain), [2 - numbers[0]!, 7 - numbers[1]!], 8);
    await expectValues(ops.sub<X>(plain, x), [numbers[0]! - 2, numbers[1]! - 7], 8);
    await expectValues(ops.where<X, X>(ops.greater<X>(x, 5), plain, x), [2, numbers[1]!], 8);
    await expectValues(ops.where<X, X>(plain, x, -1), numbers.map((v, i) => (v === 0 ? -1 : [2, 7][i]!)), 8); // prettier-ignore
    await expectValues(ops.concat<X>([x, plain]), [2, 7, ...numbers], 8);
    await expectValues(ops.constant<X>(x, plain), numbers, 8);
    await expectGradients((v) => ops.mul<X>(v, plain), [[2, 7]], [numbers.map((v, i) => weights[i]! * v)]);
  });

  it('leave nothing behind', () => {
    const x = tensor([2, 7]);
    expectNoLeak(() => ops.mul<X>(x, [1, 2]));
    expectNoLeak(() => ops.where<X, X>([true, false], x, [1, 2]));
    expectNoLeak(() => ops.pow<X>(x, [1, 2]));
    if (!isArrays) expect(ops.constant<X>(x, x)).toBe(x);
  });

  it('of a wrong shape are an error', () => {
    const x = tensor([2, 7]);
    expect(() => ops.add<X>(x, [1, 2, 3])).toThrow();
    expectNoLeak(() => { try { ops.add<X>(x, [1, 2, 3]); } catch { /* asserted above */ } }, 0); // prettier-ignore
  });
});

describe('conditions and integers count as numbers', () => {
  const x = [-2, 0, 3];
  const above = () => ops.greater(tensor(x), 0);
  const below = () => ops.greater(0, tensor(x));

  it('in arithmetic', async () => {
    await expectValues(ops.sub(above(), below()), [-1, 0, 1]);
    await expectValues(ops.add(above(), above()), [0, 0, 2]);
    await expectValues(ops.mul(below(), 0.5), [0.5, 0, 0]);
    await expectValues(ops.neg(above()), [0, 0, -1]);
    await expectValues(ops.abs(above()), [0, 0, 1]);
    await expectValues(ops.maximum(above(), below()), [1, 0, 1]);
    await expectValues(ops.minimum(above(), below()), [0, 0, 0]);
    await expectValues(ops.sum(above()), 1);
    await expectValues(ops.max(above()), 1);
  });

  it('in quotients and functions', async () => {
    await expectValues(ops.div(ints([1, 2, 3]), ints([2, 2, 2])), [0.5, 1, 1.5]);
    await expectValues(ops.mean(ints([1, 2])), 1.5);
    for (const [f, g] of [
      [ops.exp, Math.exp],
      [ops.log, Math.log],
      [ops.expm1, Math.expm1],
      [ops.log1p, Math.log1p],
      [ops.softplus, (v: number) => Math.log1p(Math.exp(v))],
      [ops.sigmoid, (v: number) => 1 / (1 + Math.exp(-v))],
    ] as const) {
      await expectValues(f<X>(ints([1, 2])), [g(1), g(2)], 4);
    }
  });
});

describe('operations on values that are not finite', () => {
  it('relu passes NaN on', async () => {
    expect(await read(ops.relu(tensor([NaN, -1, 2])))).toEqual([NaN, 0, 2]);
  });

  it('log1p is -Infinity at -1 and NaN below', async () => {
    expect(await read(ops.log1p(tensor([-1, -1.5, -2])))).toEqual([-Infinity, NaN, NaN]);
  });

  it('logSumExp takes -Infinity, with finite gradients', async () => {
    const rows = [
      [-Infinity, -Infinity],
      [-Infinity, 0.5],
    ];
    expect(await read(ops.logSumExp(tensor(rows)))).toEqual([-Infinity, 0.5]);
    const { grads } = await derivatives((x: X) => ops.slice(ops.logSumExp(x), 1, 2), [rows]);
    expect((grads[0] as number[][])[0]).toEqual([0, 0]);
    await expectValues(tensor((grads[0] as number[][])[1]!), [0, weights[0]!]);
  });
});

describe('sort', () => {
  const x = [3, -1, 2.5, -7];

  it('sorts ascending along the last axis', async () => {
    await expectValues(ops.sort(tensor(x)), [-7, -1, 2.5, 3]);
    await expectValues(ops.sort(tensor([x, [4, 3, 2, 1]])), [
      [-7, -1, 2.5, 3],
      [1, 2, 3, 4],
    ]);
  });

  it('permutes the gradient back', async () => {
    await expectGradients(ops.sort, [x], [[weights[3]!, weights[1]!, weights[2]!, weights[0]!]]);
  });
});

describe('cumsum', () => {
  it('adds to each value all before it, along the last axis', async () => {
    await expectValues(ops.cumsum(tensor([1, 2, 4])), [1, 3, 7], 4);
    await expectValues(ops.cumsum(tensor([[1, 2], [3, 4]])), [[1, 3], [3, 7]], 4); // prettier-ignore
    await expectValues(ops.cumsum(tensor([[[1, 2], [3, 4]]])), [[[1, 3], [3, 7]]], 4); // prettier-ignore
    await expectValues(ops.cumsum(ints([[1, 0, 1]])), [[1, 1, 2]]);
  });

  it('sums the gradient over all later values', async () => {
    await expectGradients((x: X) => ops.cumsum<X>(x), [[1, 2, 4]], [[weight(0) + weight(1) + weight(2), weight(1) + weight(2), weight(2)]]); // prettier-ignore
  });
});

describe('where with several shapes', () => {
  const rows = [[1, 2], [3, 4]]; // prettier-ignore

  it('broadcasts a condition that is smaller than the values', async () => {
    const [column, row] = [tensor([[1], [0]]), tensor([0, 1])]; // prettier-ignore
    await expectValues(ops.where(column, tensor(rows), 0), [[1, 2], [0, 0]], 4); // prettier-ignore
    await expectValues(ops.where(row, tensor(rows), 9), [[9, 2], [9, 4]], 9); // prettier-ignore
    await expectValues(ops.where(ops.greater(row, 0), tensor(rows), 9), [[9, 2], [9, 4]], 9); // prettier-ignore
    await expectValues(ops.where(tensor([1, 0], 'bool'), tensor([[[1, 2]], [[3, 4]]]), 0), [[[1, 0]], [[3, 0]]], 4); // prettier-ignore
    await expectGradients((x: X) => ops.where(row, x, 0), [rows], [[[0, weight(1)], [0, weight(3)]]]); // prettier-ignore
  });

  it('broadcasts values that are smaller than the condition', async () => {
    const whole = tensor([[1, 0], [0, 1]]); // prettier-ignore
    await expectValues(ops.where(whole, tensor([5, 6]), tensor([[7], [8]])), [[5, 7], [8, 6]], 8); // prettier-ignore
  });

  it('selects among conditions', async () => {
    const [a, b] = [tensor([1, 0, 1], 'bool'), tensor([0, 1, 1], 'bool')];
    await expectValues(ops.cast(ops.where(tensor([1, 1, 0]), a, b), 'float'), [1, 0, 1]);
  });
});

describe('indexing and shape operations', () => {
  const M = [
    [1, 2],
    [3, 4],
    [5, 6],
  ];

  it('take rows by a tensor or a list of indices', async () => {
    await expectValues(ops.take(tensor(M), ints([2, 0, 2])), [
      [5, 6],
      [1, 2],
      [5, 6],
    ]);
    await expectValues(ops.take(tensor([7, 8, 9]), [1, 1]), [8, 8]);
  });

  it('take no rows, also of a tensor that has none', async () => {
    expect(await read(ops.take(tensor([7, 8, 9]), []))).toEqual([]);
    expect(await read(ops.take(tensor([]), []))).toEqual([]);
    const { grads } = await derivatives((x: X) => ops.take(x, []), [[1, 2, 3]]);
    expect(grads).toEqual([[0, 0, 0]]);
  });

  it('take integers and conditions, and keep their dtype', async () => {
    const backend = backendOf<X>(ints(1));
    const [whole, conditions] = [ops.take(ints([7, 8, 9]), [2, 0]), ops.take(tensor([1, 0, 1], 'bool'), [2, 1])];
    await expectValues(whole, [9, 7]);
    await expectValues(conditions, [1, 0]);
    if (!isArrays) expect([backend.dtype(whole), backend.dtype(conditions)]).toEqual(['int', 'bool']);
  });

  // Elsewhere, tfjs or the arrays engine throws at the call.
  it.skipIf(isReadable)('give NaN for an index out of range where it cannot be read, in value and gradient', async () => {
    expect(await read(ops.take(tensor([7, 8, 9]), [1, 9, -1]))).toEqual([8, NaN, NaN]);
    expect(await read(ops.take(ints([7, 8, 9]), [1, 9]))).toEqual([8, -(2 ** 31)]);
    const { grads } = await derivatives((x: X) => ops.take(x, [0, 7]), [[1, 2, 3]]);
    expect((grads[0] as number[]).map(Number.isNaN)).toEqual([false, false, true]);
  });

  // In memory the messages are ours, elsewhere those of tfjs.
  it.runIf(isFloat64)('name shapes that do not fit', () => {
    expectError(() => ops.reshape([1, 2, 3], [2, 2]), RangeError, 'reshape: 3 values do not fit shape [2, 2]');
    expectError(() => ops.broadcastTo(M, [2]), RangeError, 'broadcastTo: shape [3, 2] does not broadcast to [2]');
    expectError(() => ops.concat<X>([M, [[1, 2, 3]]]), RangeError, 'concat: shapes [3, 2] and [1, 3] differ in an axis other than 0');
    expectError(() => ops.slice([1, 2, 3], 1, 9), RangeError, 'slice: [1, 9) is outside [0, 3)');
  });

  it('name an empty list of tensors', () => {
    expectError(() => ops.concat([]), RangeError, 'concat: xs is empty, expected at least one tensor');
  });

  it('add up the gradients of a row that is taken twice', async () => {
    await expectGradients((x) => ops.take(x, [2, 0, 2, 1]), [[1, 2, 3, 4]], [[weights[1]!, weights[3]!, weights[0]! + weights[2]!, 0]]);
  });

  it('slice, concatenate, reshape and broadcast', async () => {
    await expectValues(ops.slice(tensor(M), 1, 3), [
      [3, 4],
      [5, 6],
    ]);
    await expectValues(ops.slice(tensor(M), 0, 1, -1), [[1], [3], [5]]);
    await expectValues(ops.concat([tensor(M), tensor([[7, 8]])]), [...M, [7, 8]]);
    await expectValues(ops.concat([tensor(M), tensor([[0], [0], [0]])], -1), [
      [1, 2, 0],
      [3, 4, 0],
      [5, 6, 0],
    ]);
    await expectValues(ops.reshape(tensor(M), [2, 3]), [
      [1, 2, 3],
      [4, 5, 6],
    ]);
    await expectValues(ops.reshape(tensor([5]), []), 5);
    await expectValues(ops.broadcastTo(tensor([[1], [2]]), [2, 3]), [
      [1, 1, 1],
      [2, 2, 2],
    ]);
    await expectValues(ops.broadcastTo(tensor(3), [2]), [3, 3]);
    await expectValues(ops.arange(tensor(0), 4), [0, 1, 2, 3]);
    expect(ops.shape(tensor([[[1], [2]]]))).toEqual([1, 2, 1]);
  });

  it('cast', async () => {
    await expectValues(ops.cast(tensor([1.75, -1.75]), 'int'), [1, -1]);
    await expectValues(ops.cast(tensor([2, 0, -1]), 'bool'), [1, 0, 1]);
    await expectValues(ops.cast(ints([3, -1]), 'float'), [3, -1]);
  });
});

describe('stopGradient', () => {
  it('keeps the value and cuts the gradient', async () => {
    await expectValues(ops.stopGradient(tensor(A)), A);
    await expectGradients((x) => ops.mul(ops.stopGradient(x), x), [A], [A.map((x, i) => weights[i]! * x)]);
  });

  it('leaves a gradient of zeros if nothing else depends on the input', async () => {
    const { grads } = await derivatives((x, y) => ops.add(ops.stopGradient(ops.exp(x)), y), [A, B]);
    expectClose(
      grads[0] as number[],
      A.map(() => 0),
    );
  });

  it('returns a new tensor', () => {
    const x = tensor(A);
    expectNoLeak(() => ops.stopGradient(x));
    expect(ops.stopGradient(x) === x).toBe(false);
  });
});

describe('scope', () => {
  it('frees the tensors it made, except those it returns', () => {
    const x = tensor(A);
    expectNoLeak(() => ops.scope(x, () => ops.exp(ops.neg(x))));
    expectNoLeak(() => ops.scope(x, () => ({ a: ops.exp(ops.neg(x)), b: ops.neg(x) })), 2);
  });
});

describe('detached', () => {
  const functions = {
    'a tensor': (x: X): X => ops.detached(x, () => ops.exp(ops.neg(x))),
    'a record': (x: X): X => ops.detached(x, () => ({ a: ops.exp(ops.neg(x)), b: x })).a as X,
  };
  /** Runs `f` with the engine under test, but without its own method. */
  const withFallback = async (f: () => void | Promise<void>): Promise<void> => {
    const without = { ...backendOf<X>(tensor(0)), name: 'without detached', detached: undefined };
    const unregister = registerBackend(without as unknown as Backend<X>);
    await Promise.resolve(f()).finally(unregister);
  };

  it.each(Object.entries(functions))('computes %s without gradient', async (_, f) => {
    const test = async (): Promise<void> => {
      await expectValues(f(tensor(A)), A.map((x) => Math.exp(-x)), 4); // prettier-ignore
      await expectGradients((x) => ops.mul(f(x), x), [A], [A.map((x, i) => weights[i]! * Math.exp(-x))]);
    };
    await test();
    await withFallback(test);
  });

  it('frees the tensors it made, except those it returns, also if it throws', async () => {
    const test = (): void => {
      const x = tensor(A);
      expectNoLeak(() => functions['a tensor'](x));
      expectNoLeak(() => ops.detached(x, () => ({ a: ops.exp(ops.neg(x)), b: ops.neg(x) })), 2);
      const failing = (): X => ops.detached(x, () => ops.reshape(ops.neg(x), ops.shape(ops.concat([]))));
      expectError(failing, RangeError, 'concat: xs is empty, expected at least one tensor');
      expectGradientAfter(x);
    };
    test();
    await withFallback(test);
  });

  /** Asserts that an error leaves the engine recording. */
  const expectGradientAfter = (x: X): void => {
    const { grads } = valueAndGradsOn(x)((xs) => ops.sum<X>(ops.neg(xs[0])), [x]);
    expect(grads).toHaveLength(1);
  };
});

it('the engine under test has an epsilon', () => {
  expect(epsilon, engine).toBeLessThan(1e-4);
});
