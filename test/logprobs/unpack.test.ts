import { describe, it } from 'vitest';
import { unpack } from '../../src/index.js';
import { expectError, expectGradients, expectNoLeak, expectValues, tensor, weight, type X } from '../support/engine.js';

const x = [
  [-1, -2, -3],
  [-4, -5, -6],
];

describe('unpack', () => {
  it('gives the values of sequences, or of both sides of pairs, in their order', async () => {
    await expectValues(unpack<X>(tensor(x), [0, 1, 3]), [-1, -2, -4]);
    const { chosen, rejected } = unpack<X>(tensor(x), { chosen: [0, 3], rejected: [1, 4] });
    await expectValues(chosen, [-1, -4]);
    await expectValues(rejected, [-2, -5]);
  });

  it('has a gradient of 1 at each place that is read', async () => {
    await expectGradients((v) => unpack<X>(v, [5, 0]), [x], [[[weight(1), 0, 0], [0, 0, weight(0)]]]); // prettier-ignore
  });

  it('leaks nothing, and names bad input', () => {
    const [own, flat] = [tensor(x), tensor([1])];
    expectNoLeak(() => unpack<X>(own, [0, 1]));
    expectNoLeak(() => unpack<X>(own, { chosen: [0], rejected: [1] }), 2);
    expectError(() => unpack<X>(flat, [0]), RangeError, 'unpack: x has shape [1], expected rank 2');
    expectError(() => unpack<X>(own, [0, 6]), RangeError, 'unpack: value 1 of places must be an integer in [0, 6), got 6');
    const half = { chosen: [0], rejected: [0.5] };
    expectError(() => unpack<X>(own, half), RangeError, 'unpack: value 0 of places.rejected must be an integer in [0, 6), got 0.5');
    expectError(() => unpack<X>(own, { chosen: [0] } as never), TypeError, 'unpack: places lacks rejected, expected a list or { chosen, rejected }'); // prettier-ignore
    expectError(() => unpack<X>(own, [[0]] as never), RangeError, 'unpack: places has shape [1, 1], expected rank 1');
  });
});
