import { describe, expect, it } from 'vitest';
import { ops } from '../../src/index.js';
import { expectGradients, expectNoLeak, expectValues, isArrays, read, tensor, type X } from '../support/engine.js';
import { weight } from '../support/samples.js';

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
    await expectValues(ops.pow<X>(x, plain), [2 ** numbers[0]!, 7 ** numbers[1]!], 7 ** 5);
    await expectValues(ops.where<X, X>(ops.greater<X>(x, 5), plain, x), [2, numbers[1]!], 8);
    await expectValues(ops.where<X, X>(plain, x, -1), numbers.map((v, i) => (v === 0 ? -1 : [2, 7][i]!)), 8); // prettier-ignore
    await expectValues(ops.concat<X>([x, plain]), [2, 7, ...numbers], 8);
    await expectValues(ops.constant<X>(x, plain), numbers, 8);
    await expectGradients((v) => ops.mul<X>(v, plain), [[2, 7]], [numbers.map((v, i) => weight(i) * v)]);
  });

  it('are the base of a power', async () => {
    await expectValues(ops.pow<X>([2, 4], tensor([3, 0.5])), [8, 2], 8);
  });

  it('are indices of take', async () => {
    await expectValues(ops.take(tensor([7, 8, 9]), [1, 1]), [8, 8], 8);
    expect(await read(ops.take(tensor([7, 8, 9]), []))).toEqual([]);
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
