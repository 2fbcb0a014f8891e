import { describe, expect, it } from 'vitest';
import { dpo, plackettLuce } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectError, isReadable, read, tensor, type X } from '../support/engine.js';
import { expectConstant } from '../support/expectConstant.js';
import { expectSame } from '../support/expectSame.js';
import { beta, expectListGradients, softmax } from '../support/listGradients.js';
import { describeMaskedCandidates } from '../support/maskedCandidates.js';
import { pairLogps } from '../support/samples.js';
import { asLists } from '../support/twoCandidates.js';

describe('plackettLuce', () => {
  itCosts('plackettLuce', 24);

  it('is the logarithm of the number of orders where policy and reference agree', async () => {
    await expectConstant(plackettLuce<X>({ policy: tensor([[-1, -2, -3]]), reference: tensor([[-1, -2, -3]]) }), Math.log(6));
  });

  it('is dpo for two candidates', async () => {
    await expectSame(plackettLuce<X>(asLists()), dpo(pairLogps()));
  });

  it('has the gradient of its doc comment', async () => {
    const tails = (row: number[]): number[] =>
      row.map((_, j) => beta * (row.slice(0, j + 1).reduce((sum, __, k) => sum + softmax(row.slice(k))[j - k]!, 0) - 1));
    await expectListGradients((x) => plackettLuce<X>(x, { beta }), tails);
  });

  describeMaskedCandidates(plackettLuce<X>, ['policy', 'reference']);

  it('names a list that is too short, or ragged', () => {
    const policy = tensor([[-1], [-2]]);
    expectError(
      () => plackettLuce({ policy, reference: policy }),
      RangeError,
      'plackettLuce: policy has shape [2, 1], expected at least 2 candidates',
    );
    const ragged: X = [[-1, -2, -3], [-1, -2]]; // prettier-ignore
    expectError(
      () => plackettLuce({ policy: ragged, reference: ragged }),
      RangeError,
      'plackettLuce: policy: a list is ragged: it holds entries of shape [3] and [2]; pad it and pass a mask',
    );
  });

  it.runIf(isReadable)('names a mask value other than 0 and 1', () => {
    const lists = { policy: tensor([[-1, -2]]), reference: tensor([[-1, -2]]), mask: tensor([[1, 3]]) };
    expectError(() => plackettLuce<X>(lists), RangeError, 'plackettLuce: value 1 of mask must be 0 or 1, got 3');
  });

  it.skipIf(isReadable)('turns a list with such a mask into NaN where it cannot be read', async () => {
    const lists = { policy: tensor([[-1, -2], [-1, -2]]), reference: tensor([[-1, -2], [-1, -2]]), mask: tensor([[1, 3], [1, 1]]) }; // prettier-ignore
    expect(((await read(plackettLuce<X>(lists))) as number[]).map(Number.isNaN)).toEqual([true, false]);
  });
});
