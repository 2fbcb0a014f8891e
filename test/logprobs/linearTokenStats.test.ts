import { describe, expect, it } from 'vitest';
import { dpo, linearTokenLogProbs, linearTokenStats, tokenStats } from '../../src/index.js';
import { expectAccurate } from '../support/accuracy.js';
import { derivatives, expectValues, ints, read, tensor, type X, isFloat64 } from '../support/engine.js';
import { labelsOf } from '../support/samples.js';
import { logitsOf, type Matrix } from '../support/headLogits.js';
import { inLayout, matrix, vector } from '../support/linearHead.js';
import { movedStats, sizesOfLogits } from '../support/movedByLogits.js';

describe('linearTokenStats', () => {
  it.for([1, 4, 23, 64, undefined])('equal tokenStats of the logits, chunk size %o', async (chunkSize, { task }) => {
    const [hidden, weight, bias, labels] = [matrix(7, 3, 2), matrix(64, 3, 1, 1), vector(64, 1, 2), labelsOf(7, 64)];
    const options = { logitScale: 2, logitSoftcap: 5, temperature: 1.5 };
    const logits = hidden.map((h) => logitsOf(h, weight, bias, options).logits);
    // The first label is the argmax of its row.
    labels[0] = logits[0]!.indexOf(Math.max(...logits[0]!));
    const head = { hidden: tensor(hidden), weight: tensor(weight), bias: tensor(bias) };
    const stats = linearTokenStats<X, X, X>(head, ints(labels), { ...options, ...(chunkSize && { chunkSize }) });
    const expected = tokenStats<Matrix, number[]>(logits, labels);
    expect(expected.correct[0]).toBe(1);
    const transposed = { ...head, weight: tensor(inLayout(weight, 'hiddenByVocabulary')), layout: 'hiddenByVocabulary' as const };
    const same = linearTokenStats<X, X, X>(transposed, ints(labels), { ...options, ...(chunkSize && { chunkSize }) });
    for (const name of ['logps', 'entropy', 'correct', 'meanLogit', 'logSumSquares'] as const) {
      await expectValues(same[name], expected[name], 8);
      await expectValues(stats[name], expected[name], 8);
      if (isFloat64 || name === 'correct') continue; // no more exact than the oracle; exact
      const sizes = sizesOfLogits(hidden, weight, bias, options);
      expectAccurate(task.meta, 'linearTokenStats', `hidden [7, 3], vocabulary 64, chunkSize ${chunkSize ?? 'default'}`, {
        value: {
          got: (await read(stats[name])) as number[],
          exact: expected[name],
          scale: (n) => Math.abs(expected[name][n]!) + movedStats(logits[n]!, labels[n]!, sizes[n]!)[name],
          at: (n) => `${name}[${n}]`,
        },
      });
    }
  });

  it.each([1, 2, 3, 5])('take the first of equal largest logits as the argmax, chunk size %i', async (chunkSize) => {
    const head = { hidden: tensor([[1], [1], [1]]), weight: tensor([[0], [2], [1], [2], [0]]) };
    await expectValues(linearTokenStats<X, X, X>(head, ints([1, 3, 2]), { chunkSize }).correct, [1, 0, 0]);
  });

  it('have no gradient', async () => {
    const f = (h: X): X => {
      const head = { hidden: h, weight: tensor(matrix(6, 2, 1)) };
      const { entropy, logps } = linearTokenStats<X, X, X>(head, ints([1, 2]));
      return dpo<X>({ policy: { chosen: linearTokenLogProbs<X, X, X>(head, ints([1, 2])), rejected: logps }, reference: { chosen: entropy, rejected: entropy } }); // prettier-ignore
    };
    const { grads } = await derivatives(f, [matrix(2, 2, 1)]);
    expect((grads[0] as Matrix).flat().every((g) => Number.isFinite(g) && g !== 0)).toBe(true);
  });
});
