import { describe, expect, it } from 'vitest';
import { bco, bcoPair, ops } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectError, expectValues, isReadable, read, tensor, type X } from '../support/engine.js';
import { asPair, expectLabelledGradients, expectWeightErrors, oneEach, weights } from '../support/labelledGradients.js';
import { sigmoid } from '../support/samples.js';

describe('bco', () => {
  itCosts('bco', 11);

  it('adds up to bcoPair of the pair for a desirable and an undesirable example', async () => {
    await expectValues(ops.sum<X>(bco<X>(oneEach(), { delta: 0.5 })), ((await read(bcoPair<X>(asPair(), { delta: 0.5 }))) as number[])[0]!);
  });

  it('weights by class, with one weight or one per example', async () => {
    const plain = (await read(bco<X>(oneEach()))) as [number, number];
    await expectValues(bco<X>(oneEach(), { desirableWeight: 2, undesirableWeight: 3 }), [2 * plain[0], 3 * plain[1]]);
    const perExample = { desirableWeight: tensor([2, 7]), undesirableWeight: tensor([9, 3]) };
    await expectValues(bco<X>(oneEach(), perExample), [2 * plain[0], 3 * plain[1]]);
  });

  it('has the gradient of its doc comment', async () => {
    const beta = 0.3;
    await expectLabelledGradients(
      (x) => bco<X>(x, { beta, delta: 0.5, ...weights }),
      beta,
      (r) => -beta * sigmoid(0.5 - r),
      (r) => beta * sigmoid(r - 0.5),
    );
  });

  it('names bad input', () => {
    expectWeightErrors('bco', bco<X>);
    const x = oneEach();
    expectError(() => bco(x, { delta: Infinity }), RangeError, 'bco: delta must be finite, got Infinity');
    const one = tensor([1]);
    expectError(
      () => bco({ policy: one, reference: one } as never),
      TypeError,
      'bco: batch lacks desirable, expected { policy, reference, desirable }',
    );
  });

  it.runIf(isReadable)('names a value of desirable that is neither 0 nor 1, where values can be read', () => {
    const x = { policy: tensor([1, 2, 3]), reference: tensor([1, 2, 3]), desirable: tensor([0.5, 2, 1]) };
    expectError(() => bco<X>(x), RangeError, 'bco: value 0 of desirable must be 0 or 1, got 0.5');
  });

  it.skipIf(isReadable)('is NaN for such an example, and for a bad weight, where values cannot be read', async () => {
    const isBad = async (y: X): Promise<boolean[]> => ((await read(y)) as number[]).map(Number.isNaN);
    const batch = { policy: tensor([1, 2, 3]), reference: tensor([1, 2, 3]), desirable: tensor([1, 0.5, 0]) };
    expect(await isBad(bco<X>(batch))).toEqual([false, true, false]);
    const classes = { ...batch, desirable: tensor([1, 1, 0]) };
    expect(await isBad(bco<X>(classes, { desirableWeight: tensor([-1, 1, -1]) }))).toEqual([true, false, false]);
  });
});
