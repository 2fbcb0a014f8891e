import { afterEach, describe, expect, it } from 'vitest';
import {
  completionMask,
  dpo,
  kto,
  labelsFromMask,
  maskedMean,
  maskedSum,
  readMetrics,
  registerBackend,
  tokenStats,
  unpairedMetrics,
} from '../../src/index.js';
import { arrays } from '../../src/backend/arrays/arrays.js';
import type { Backend, Nested } from '../../src/index.js';
import { isArrays } from '../support/engine.js';

// Simulated with the arrays engine; for the real engines, each function has its own test.
describe.runIf(isArrays)('on an engine whose values cannot be read at the call', () => {
  let unregister = (): void => undefined;
  afterEach(() => {
    unregister();
  });
  const blind = () => {
    unregister = registerBackend<Nested>({
      ...arrays,
      peek: () => undefined,
      isReadable: () => false,
      onValues: undefined,
    } as Backend<Nested>);
  };

  const zeros = [0, 0, 0, 0];
  const logps = { policy: { chosen: zeros, rejected: zeros }, reference: { chosen: zeros, rejected: zeros } };

  it('a bad hyperparameter gives NaN for its example only', () => {
    blind();
    expect(dpo(logps, { beta: [0.1, 0, -1, 3] })).toEqual([Math.LN2, NaN, NaN, Math.LN2]);
  });

  it('a bad label gives NaN for its example only', () => {
    blind();
    expect(kto({ policy: zeros, reference: zeros, desirable: [1, 0, 0.5, 2], kl: 0 })).toEqual([0.5, 0.5, NaN, NaN]);
  });

  it('a bad label gives NaN for the counts of its batch, and so for its means', async () => {
    blind();
    const metrics = unpairedMetrics({ policy: [-1, -2], reference: [-2, -2], desirable: [1, 0.5] });
    expect([metrics['count/chosen'], metrics['count/rejected']]).toEqual([NaN, NaN]);
    expect(await readMetrics(metrics)).toMatchObject({ 'rewards/chosen': NaN, 'rewards/rejected': NaN, 'rewards/margins': NaN });
  });

  it('spans that do not fit give NaN in their rows only', () => {
    blind();
    const mask = completionMask({ promptLengths: [0, 1, -1, 3, 0], lengths: [4, 1, 3, 2, 5] }, 4);
    expect(mask).toEqual([[1, 1, 1, 1], [0, 0, 0, 0], ...Array<number[]>(3).fill([NaN, NaN, NaN, NaN])]);
  });

  it('a label out of range gives NaN for logps and correct of its token only', () => {
    blind();
    const { logps, correct } = tokenStats([[0, 0], [0, 0], [0, 0]], [0, 2, -100]); // prettier-ignore
    expect([logps, correct]).toEqual([
      [-Math.LN2, NaN, 0],
      [1, NaN, 0],
    ]);
  });

  it('a bad mask gives a label that is out of range for any vocabulary', () => {
    blind();
    expect(labelsFromMask([[5, 6, 7, 8]], [[1, 0, 0.5, 2]])).toEqual([[5, -100, -(2 ** 31), -(2 ** 31)]]);
  });

  it('a bad mask gives NaN for every sum and mean over it', () => {
    blind();
    const x = [[1, 2], [3, 4], [5, 6]]; // prettier-ignore
    const mask = [[1, 0], [1, 0.5], [1, 1]]; // prettier-ignore
    expect(maskedSum(x, mask, -1)).toEqual([1, NaN, 11]);
    expect(maskedMean(x, mask, -1)).toEqual([1, NaN, 5.5]);
    expect(maskedSum(x, mask)).toBeNaN();
    expect(maskedMean([[1, 2]], [[1, 1]])).toBe(1.5);
  });
});
