import { describe, expect, it } from 'vitest';
import {
  alphaPo,
  divergenceScores,
  dpo,
  fDpo,
  ipo,
  kto,
  losses,
  orpo,
  plackettLuce,
  qrpo,
  simNpo,
  simper,
  simpo,
  tpo,
  type LossName,
  type Pair,
  type PairLogps,
} from '../../src/core.js';
import { isArrays } from '../support/engine.js';

const sides: Pair<number[]> = { chosen: [-1], rejected: [-2] };
const logps: PairLogps<number[]> = { policy: sides, reference: sides };
const lists = { policy: [[-1, -2]], reference: [[-1, -2]] };

// tsc checks these lines and fails if one is no longer an error. Each is an error at run time, too.
describe.runIf(isArrays)('types', () => {
  it('refuse options that would be ignored', () => {
    const wrong: (() => unknown)[] = [
      // @ts-expect-error -- an option of another library
      () => dpo(logps, { label_smoothing: 0.1 }),
      // @ts-expect-error -- ipo has no label smoothing
      () => ipo(logps, { labelSmoothing: 0.1 }),
      // @ts-expect-error -- two margins
      () => simpo(sides, { beta: 2, gamma: 1, gammaBetaRatio: 0.5 }),
      // @ts-expect-error -- no margin
      () => simpo(sides, { beta: 2 }),
      // @ts-expect-error -- beta has no default here
      () => alphaPo(sides, { alpha: 0.1, gamma: 1 }),
      // @ts-expect-error -- alpha belongs to another divergence
      () => fDpo(logps, { divergence: 'forwardKl', alpha: 0.5 }),
      // @ts-expect-error -- no exponent is cut off here
      () => fDpo(logps, { maxExponent: 50 }),
      // @ts-expect-error -- only chiSquaredKl is clipped
      () => fDpo(logps, { divergence: 'forwardKl', clip: 1 }),
      // @ts-expect-error -- alpha belongs to another divergence
      () => divergenceScores(logps, { divergence: 'forwardKl', alpha: 0.5 }),
      // @ts-expect-error -- the scores are not clipped
      () => divergenceScores(logps, { divergence: 'chiSquaredKl', clip: 1 }),
      // @ts-expect-error -- two ways to soften the label
      () => dpo(logps, { labelSmoothing: 0.1, preference: 0.9 }),
      // @ts-expect-error -- the pair loss is not chosen by name
      () => tpo({ contrast: [1], gold: [-1] }, { contrastive: 'hinge' }),
      // @ts-expect-error -- the partition function of a transform has one form
      () => qrpo({ policy: [-1], reference: [-1], quantile: [0.5] }, { transform: 'log', partition: 'exact' }),
      // @ts-expect-error -- no margin
      () => simNpo({ policy: [-1] }, { beta: 2 }),
      // @ts-expect-error -- there are no options
      () => simper(sides, { beta: 1 }),
    ];
    for (const call of wrong) expect(call).toThrow();
  });

  it('refuse batches with a missing or an extra field', () => {
    const wrong: (() => unknown)[] = [
      // @ts-expect-error -- no reference
      () => dpo({ policy: sides }),
      // @ts-expect-error -- no estimate of the KL divergence
      () => kto({ policy: [1], reference: [1], desirable: [1] }),
      // @ts-expect-error -- a misspelt field
      () => orpo({ ...sides, nlll: [1] }),
      // @ts-expect-error -- no rewards
      () => losses.exo.loss(lists),
    ];
    for (const call of wrong) expect(call).toThrow();
  });

  it('return the type of their input, without the axis of candidates', () => {
    const perPair: number[] = dpo(logps);
    const perList: number[] = plackettLuce(lists);
    const name: LossName = 'hinge';
    const fromCatalogue: number[] = losses[name].loss(logps);
    expect([perPair, perList, fromCatalogue].map((x) => x.length)).toEqual([1, 1, 1]);
  });
});
