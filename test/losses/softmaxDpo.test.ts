import { describe, expect, it } from 'vitest';
import { dpo, softmaxDpo } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectError, expectValues, isReadable, read, tensor, type X } from '../support/engine.js';
import { expectConstant } from '../support/expectConstant.js';
import { expectSame } from '../support/expectSame.js';
import { beta, expectListGradients, softmax } from '../support/listGradients.js';
import { describeMaskedCandidates } from '../support/maskedCandidates.js';
import { pairLogps } from '../support/samples.js';
import { asLists } from '../support/twoCandidates.js';

describe('softmaxDpo', () => {
  itCosts('softmaxDpo', 18);

  it('is the logarithm of the number of candidates where policy and reference agree', async () => {
    await expectConstant(softmaxDpo<X>({ policy: tensor([[-1, -2, -3]]), reference: tensor([[-1, -2, -3]]) }), Math.log(3));
  });

  it('is dpo for two candidates', async () => {
    await expectSame(softmaxDpo<X>(asLists(), { beta: 0.5 }), dpo(pairLogps(), { beta: 0.5 }));
  });

  it('has the gradient of its doc comment', async () => {
    const slope = (row: number[]): number[] => softmax(row).map((q, k) => beta * (k === 0 ? q - 1 : q));
    await expectListGradients((x) => softmaxDpo<X>(x, { beta }), slope);
  });

  // Without the chosen candidate, the loss is 0.
  describeMaskedCandidates(softmaxDpo<X>, ['policy', 'reference'], { needsFirst: true });

  it('is 0 if the chosen candidate is masked', async () => {
    const lists = { policy: tensor([[-1, -2, -3]]), reference: tensor([[-2, -2, -2]]) };
    await expectValues(softmaxDpo<X>({ ...lists, mask: tensor([[0, 1, 1]]) }), [0]);
  });

  it('names bad input', () => {
    const [two, flat, ones] = [tensor([[-1, -2]]), tensor([-1, -2]), tensor([[-1], [-2]])];
    expectError(() => softmaxDpo({ policy: flat, reference: flat }), RangeError, 'softmaxDpo: policy has shape [2], expected rank 2');
    expectError(() => softmaxDpo({ policy: two, reference: ones }), RangeError, 'softmaxDpo: reference has shape [2, 1], expected [1, 2] like policy'); // prettier-ignore
    expectError(
      () => softmaxDpo({ policy: two, reference: two, rewards: two } as never),
      TypeError,
      'softmaxDpo: batch has an unknown field rewards, expected { policy, reference, mask }',
    );
    expectError(() => softmaxDpo({ policy: two, reference: two, mask: flat }), RangeError, 'softmaxDpo: mask has shape [2], expected [1, 2] like policy'); // prettier-ignore
  });

  it.skipIf(isReadable)('turns a list with a mask value other than 0 and 1 into NaN where it cannot be read', async () => {
    const lists = { policy: tensor([[-1, -2], [-1, -2]]), reference: tensor([[-1, -2], [-1, -2]]), mask: tensor([[1, 3], [1, 1]]) }; // prettier-ignore
    expect(((await read(softmaxDpo<X>(lists))) as number[]).map(Number.isNaN)).toEqual([true, false]);
  });
});
