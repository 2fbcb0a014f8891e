import { afterEach, describe, expect, it } from 'vitest';
import { completionMask, dpo, kto, labelsFromMask, maskedMean, maskedSum, registerBackend, tokenStats } from '../../src/index.js';
import { arrays } from '../../src/backend/arrays/arrays.js';
import type { Nested } from '../../src/index.js';
import { isArrays } from '../support/engine.js';

// Such an engine is made of the arrays engine here; on the real ones each function has its own test.
describe.runIf(isArrays)('on an engine whose values cannot be read at the call', () => {
  let unregister = (): void => undefined;
  afterEach(() => {
    unregister();
  });
  const blind = () => {
    unregister = registerBackend<Nested>({ ...arrays, peek: () => undefined });
  };

  const zeros = [0, 0, 0, 0];
  const logps = { policy: { chosen: zeros, rejected: zeros }, reference: { chosen: zeros, rejected: zeros } };

  it('a bad hyperparameter becomes NaN, in its example alone', () => {
    blind();
    expect(dpo(logps, { beta: [0.1, 0, -1, 3] })).toEqual([Math.LN2, NaN, NaN, Math.LN2]);
  });

  it('a bad label becomes NaN, in its example alone', () => {
    blind();
    expect(kto({ policy: zeros, reference: zeros, desirable: [1, 0, 0.5, 2], kl: 0 })).toEqual([0.5, 0.5, NaN, NaN]);
  });

  it('spans that do not fit become NaN, in their rows alone', () => {
    blind();
    const mask = completionMask({ promptLengths: [0, 1, -1, 3, 0], lengths: [4, 1, 3, 2, 5] }, 4);
    expect(mask).toEqual([[1, 1, 1, 1], [0, 0, 0, 0], ...Array<number[]>(3).fill([NaN, NaN, NaN, NaN])]);
  });

  it('a label out of range makes log-prob and correctness NaN, those of its token alone', () => {
    blind();
    const { logps, correct } = tokenStats([[0, 0], [0, 0], [0, 0]], [0, 2, -100]); // prettier-ignore
    expect([logps, correct]).toEqual([
      [-Math.LN2, NaN, 0],
      [1, NaN, 0],
    ]);
  });

  it('a bad mask makes a label that no vocabulary has', () => {
    blind();
    expect(labelsFromMask([[5, 6, 7, 8]], [[1, 0, 0.5, 2]])).toEqual([[5, -100, -(2 ** 31), -(2 ** 31)]]);
  });

  it('a bad mask makes its sum NaN', () => {
    blind();
    const x = [[1, 2], [3, 4], [5, 6]]; // prettier-ignore
    const mask = [[1, 0], [1, 0.5], [1, 1]]; // prettier-ignore
    expect(maskedSum(x, mask, -1)).toEqual([1, NaN, 11]);
    expect(maskedMean(x, mask, -1)).toEqual([1, NaN, 5.5]);
    expect(maskedSum(x, mask)).toBeNaN();
    expect(maskedMean([[1, 2]], [[1, 1]])).toBe(1.5);
  });
});
