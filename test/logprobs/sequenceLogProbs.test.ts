import { describe, it } from 'vitest';
import { sequenceLogProbs } from '../../src/index.js';
import { expectError, expectGradients, expectNoLeak, expectValues, ints, tensor, type X } from '../support/engine.js';
import { weight } from '../support/samples.js';

const logps = [
  [-1, -2, -4],
  [-3, -5, NaN],
  [-7, -7, -7],
];

const mask = [
  [1, 0, 1],
  [1, 1, 0],
  [0, 0, 0],
];

describe('sequenceLogProbs', () => {
  it('sums or averages counted tokens, and is 0 for a row without any', async () => {
    await expectValues(sequenceLogProbs(tensor(logps), tensor(mask)), [-5, -8, 0], 8);
    await expectValues(sequenceLogProbs(tensor(logps), tensor(mask), { reduction: 'mean' }), [-2.5, -4, 0], 8);
  });

  it('accepts integer and boolean masks', async () => {
    await expectValues(sequenceLogProbs(tensor(logps), ints(mask)), [-5, -8, 0], 8);
    await expectValues(sequenceLogProbs(tensor(logps), tensor(mask, 'bool'), { reduction: 'mean' }), [-2.5, -4, 0], 8);
  });

  it('has the mask as gradient, 0 for a row without counted tokens', async () => {
    const finite = [
      [-1, -2, -4],
      [-3, -5, -6],
      [-7, -7, -7],
    ];
    await expectGradients((x) => sequenceLogProbs<X>(x, tensor(mask)), [finite], [mask.map((row, i) => row.map((m) => weight(i) * m))]);
    await expectGradients(
      (x) => sequenceLogProbs<X>(x, tensor(mask), { reduction: 'mean' }),
      [finite],
      [mask.map((row, i) => row.map((m) => (weight(i) * m) / 2))],
    );
  });

  it('gives the same for a masked token as for a removed one', async () => {
    await expectValues(sequenceLogProbs(tensor([[-1, -4]]), tensor([[1, 1]]), { reduction: 'mean' }), [-2.5], 4);
    await expectValues(sequenceLogProbs(tensor([[-1, -9, -4]]), tensor([[1, 0, 1]]), { reduction: 'mean' }), [-2.5], 4);
  });

  it('leaks nothing, and names bad input', () => {
    const [x, m, flat] = [tensor(logps), tensor(mask), tensor([1, 2, 3])];
    expectNoLeak(() => sequenceLogProbs(x, m, { reduction: 'mean' }));
    expectError(() => sequenceLogProbs(x, flat), RangeError, 'sequenceLogProbs: mask has shape [3], expected [3, 3] like logps');
    expectError(() => sequenceLogProbs(flat, flat), RangeError, 'sequenceLogProbs: logps has shape [3], expected rank 2');
    expectError(
      () => sequenceLogProbs(x, m, { reduction: 'max' } as never),
      RangeError,
      'sequenceLogProbs: reduction must be one of "sum", "mean", got "max"',
    );
    expectError(
      () => sequenceLogProbs(x, m, { reduction: 3 } as never),
      RangeError,
      'sequenceLogProbs: reduction must be one of "sum", "mean", got a number',
    );
  });
});
