import { describe, expect, it } from 'vitest';
import {
  adaptiveBeta,
  backendOf,
  completionLogProbs,
  dpo,
  dpoGradientWeight,
  gatherPairs,
  humanlineClamp,
  implicitRewards,
  klStatistics,
  labelsFromMask,
  ldLogProbs,
  levanterMetrics,
  levanterSimpoMetrics,
  linearTokenLogProbs,
  linearTokenStats,
  logOdds,
  logRatioMargin,
  lipo,
  marginStatistics,
  marginSums,
  marginWeights,
  maskedMean,
  maskedSum,
  maskFromLabels,
  MetricAverage,
  nashMd,
  nll,
  ops,
  pairMetrics,
  readMetrics,
  rewardStatistics,
  robustMean,
  samLogProbs,
  segmentAttentionMask,
  sequenceLogProbs,
  shiftLabels,
  splitPairs,
  concatPairs,
  tokenDivergence,
  tokenLogProbs,
  tokenStats,
  unpack,
  unpairedMetrics,
  wpoWeights,
  xpoTerm,
} from '../../src/index.js';
import { flatten, expectError, expectNoLeak, isArrays, none, read, tensor, type X, valueAndGradsOn } from '../support/engine.js';
import type { Values } from '../../src/testing/index.js';

// A worker, or the last part of a batch, may have no examples.

const rows = (): X => none([0]);
const tokens = (): X => none([0, 4]);
const logits = (): X => none([0, 4, 3]);
const labels = (): X => none([0, 4], 'int');
const flat = (): X => none([0], 'int');
const head = (): X => ({ hidden: none([0, 4, 2]), weight: tensor([[1, 2], [3, 4], [5, 6]]), bias: tensor([1, 2, 3]) }); // prettier-ignore
const pair = (x: () => X): X => ({ chosen: x(), rejected: x() });
const logps = (): X => ({ policy: pair(rows), reference: pair(rows) });
const labelled = (): X => ({ policy: rows(), reference: rows(), desirable: rows() });
const masked = (): X => ({ policy: tokens(), reference: tokens(), mask: tokens() });
const wpo = (): X => ({ logps: tokens(), logSumSquares: tokens(), mask: tokens() });

/** Functions of a part without examples that give tensors without values. */
const EMPTY: Record<string, () => X> = {
  tokenLogProbs: () => tokenLogProbs<X, X>(logits(), labels()),
  'tokenLogProbs of flat rows': () => tokenLogProbs<X, X>(none([0, 3]), flat()),
  tokenStats: () => tokenStats<X, X>(logits(), labels()),
  tokenDivergence: () => tokenDivergence<X>(logits(), logits()),
  linearTokenLogProbs: () => linearTokenLogProbs<X, X, X>(head(), labels()),
  linearTokenStats: () => linearTokenStats<X, X, X>(head(), labels()),
  completionLogProbs: () => completionLogProbs<X>(logits(), { tokens: labels(), mask: tokens() }),
  'completionLogProbs, means of a head': () => completionLogProbs<X, X>(head(), { labels: labels() }, { reduction: 'mean' }),
  sequenceLogProbs: () => sequenceLogProbs<X>(tokens(), tokens()),
  'sequenceLogProbs, means with labels': () => sequenceLogProbs<X>(tokens(), tokens(), { reduction: 'mean', labels: labels() }),
  'sequenceLogProbs, means with weights': () => sequenceLogProbs<X>(tokens(), tokens(), { reduction: 'mean', weights: tokens() }),
  'sequenceLogProbs of segments': () => sequenceLogProbs<X>(tokens(), tokens(), { segments: labels(), count: 2 }),
  'completionLogProbs of segments with weights': () =>
    completionLogProbs<X>(logits(), { tokens: labels(), mask: tokens(), weights: tokens(), segments: labels(), count: 2 }),
  unpack: () => unpack<X>(none([0, 2]), []),
  segmentAttentionMask: () => segmentAttentionMask<X>(labels()),
  ldLogProbs: () => ldLogProbs<X>(pair(tokens), pair(tokens), { alpha: 0.5 }),
  samLogProbs: () => samLogProbs<X>(pair(tokens), pair(tokens), { seed: [] }),
  humanlineClamp: () => humanlineClamp<X>(masked()).policy,
  wpoWeights: () => wpoWeights<X>({ chosen: wpo(), rejected: wpo() }),
  nashMd: () => nashMd<X>(masked(), { preference: 0.5 }),
  'nll of rows': () => nll<X>(tokens(), tokens(), { reduction: 'none' }),
  xpoTerm: () => xpoTerm<X>(rows(), { alpha: 1 }),
  shiftLabels: () => shiftLabels<X>(labels()),
  labelsFromMask: () => labelsFromMask<X>(labels(), tokens()),
  maskFromLabels: () => maskFromLabels<X>(labels()),
  'maskedMean of rows': () => maskedMean<X>(tokens(), tokens(), -1),
  splitPairs: () => splitPairs<X>(rows()),
  concatPairs: () => concatPairs<X>(pair(rows)),
  gatherPairs: () => gatherPairs<X>(tensor([-1, -2]), { chosen: [], rejected: [] }),
  logRatioMargin: () => logRatioMargin<X>(logps()),
  logOdds: () => logOdds<X>(pair(rows)),
  implicitRewards: () => implicitRewards<X>(logps()),
  dpoGradientWeight: () => dpoGradientWeight<X>(logps()),
  marginWeights: () => marginWeights<X>(rows(), { mean: 0, std: 1 }),
};

/** Functions of a part without examples that give scalars: the values. */
const SCALARS: Record<string, [() => X, number[]]> = {
  klStatistics: [() => klStatistics<X>({ policy: rows(), reference: rows() }), [0, 0]],
  rewardStatistics: [() => rewardStatistics<X>(logps()), [0, 0, 0, 0]],
  'rewardStatistics of examples': [() => rewardStatistics<X>(labelled()), [0, 0, 0, 0]],
  marginSums: [() => marginSums<X>(rows(), { center: 3 }), [0, 0, 0, 0]],
  marginStatistics: [() => marginStatistics<X>(rows(), { previous: { mean: 2, std: 4 } }), [2, 4]],
  adaptiveBeta: [() => adaptiveBeta<X>({ margins: rows(), statistics: { mean: 0, std: 1 } }, { beta: 0.5 }), [0.5]],
  nll: [() => nll<X>(tokens(), tokens()), [0]],
  'nll with weights': [() => nll<X>(tokens(), tokens(), { weights: tokens() }), [0]],
  'nll with the count of the batch': [() => nll<X>(tokens(), tokens(), { tokenCount: 8 }), [0]],
  'nll, mean of sequences': [() => nll<X>(tokens(), tokens(), { reduction: 'sequence' }), [0]],
  maskedSum: [() => maskedSum<X>(tokens(), tokens()), [0]],
  'share of unclamped tokens': [() => humanlineClamp<X>(masked()).unclamped, [0]],
  unpairedMetrics: [() => unpairedMetrics<X>(labelled()), [0, 0, 0, 0, 0, 0]],
  pairMetrics: [() => pairMetrics<X>(logps()), [0, 0, 0, 0, 0, 0]],
  levanterMetrics: [() => levanterMetrics<X>(logps()), [0, 0, 0, 0, 0, 0]],
  levanterSimpoMetrics: [() => levanterSimpoMetrics<X>(pair(rows), { beta: 2, gamma: 1 }), [0, 0, 0, 0, 0]],
};

const results = (x: X): X[] => (isTensor(x) ? [x] : Object.values(x as Record<string, X>));
const isTensor = (x: X): boolean => typeof x === 'number' || backendOf<X>(tensor(0)).owns(x);
const valuesOf = async (x: X): Promise<number[]> =>
  (await Promise.all(results(x).map(async (y) => flatten((await read(y)) as Values)))).flat();

describe('a part without examples', () => {
  it.each(Object.entries(EMPTY))('has no values of %s', async (_, f) => {
    const found = f();
    for (const x of results(found)) expect(ops.shape(x)[0]).toBe(0);
    expect(await valuesOf(found)).toEqual([]);
  });

  it.each(Object.entries(SCALARS))('has neutral %s', async (_, [f, expected]) => {
    // The negated sum of no values is -0.
    expect((await valuesOf(f())).map((x) => x + 0)).toEqual(expected);
  });

  // An empty list has no other axes to differentiate along.
  it.skipIf(isArrays)('gives gradients as empty as its tensors, and zeros to a weight', async () => {
    const own = head();
    const gradsOf = async (f: (xs: readonly X[]) => X, inputs: readonly X[]): Promise<number[][]> => {
      const { value, grads } = valueAndGradsOn(inputs[0])((xs) => ops.sum<X>(f(xs)), inputs);
      expect(Math.abs((await valuesOf(value))[0]!)).toBe(0);
      grads.forEach((grad: X, i) => {
        expect(ops.shape(grad)).toEqual(ops.shape(inputs[i]));
      });
      return Promise.all(grads.map(valuesOf));
    };
    const ofHead = ([hidden, weight, bias]: readonly X[]): X =>
      completionLogProbs<X, X>({ hidden, weight, bias }, { tokens: labels(), mask: tokens() });
    expect(await gradsOf(ofHead, [own.hidden, own.weight, own.bias])).toEqual([[], [0, 0, 0, 0, 0, 0], [0, 0, 0]]);
    expect(await gradsOf(([x]) => completionLogProbs<X>(x, { tokens: labels(), mask: tokens() }), [logits()])).toEqual([[]]);
    expect(await gradsOf(([x, y]) => tokenDivergence<X>(x, y), [logits(), logits()])).toEqual([[], []]);
    expect(await gradsOf(([x]) => nll<X>(x, tokens()), [tokens()])).toEqual([[]]);
    const { chosen, rejected } = pair(tokens);
    const bySam = ([c, r]: readonly X[]): X => ops.sum<X>(samLogProbs<X>({ chosen: c, rejected: r }, pair(tokens), { seed: [] }).chosen);
    expect(await gradsOf(bySam, [chosen, rejected])).toEqual([[], []]);
  });

  it('takes plain empty lists next to its tensors', async () => {
    const found = [
      dpo<X>({ policy: pair(rows), reference: { chosen: [], rejected: [] } }, { beta: [] }),
      sequenceLogProbs<X>(tokens(), []),
      completionLogProbs<X>(logits(), { tokens: [], mask: [] }, { reduction: 'mean' }),
      humanlineClamp<X>({ policy: tokens(), reference: [], mask: [] }).policy,
      lipo<X>({ policy: none([0, 3]), reference: [], rewards: [] }),
    ];
    for (const x of found) expect(await valuesOf(x)).toEqual([]);
  });

  it('adds nothing to an average of metrics', async () => {
    const average = new MetricAverage();
    await average.add(pairMetrics<X>(logps()), 0);
    expect(average.result()).toEqual({});
    await average.add({ 'rewards/chosen': 2 }, 3);
    await average.add(pairMetrics<X>(logps()), 0);
    expect(average.result()).toEqual({ 'rewards/chosen': 2 });
    expect(await readMetrics(unpairedMetrics<X>(labelled()))).toEqual({});
  });

  it('leaks nothing', () => {
    const [x, own, ids, weights] = [tokens(), logits(), labels(), head()];
    expectNoLeak(() => sequenceLogProbs<X>(x, []));
    expectNoLeak(() => completionLogProbs<X>(own, { tokens: ids, mask: x }));
    expectNoLeak(() => linearTokenStats<X, X, X>(weights, ids), 5);
    const [one, both] = [{ policy: rows(), reference: rows() }, logps()];
    expectNoLeak(() => klStatistics<X>(one), 2);
    expectNoLeak(() => rewardStatistics<X>(both), 4);
    expectNoLeak(() => marginSums<X>(one.policy), 4);
  });

  it('has no robust mean', () => {
    const losses = rows();
    expectError(() => robustMean<X>(losses), RangeError, 'robustMean: losses has shape [0], expected at least one loss');
  });

  // A plain empty list has no other axes.
  it.skipIf(isArrays)('still has the other axes', () => {
    const [noTime, noVocabulary, ids] = [none([0, 0]), none([0, 4, 0]), labels()];
    expectError(() => sequenceLogProbs<X>(noTime, noTime), RangeError, 'sequenceLogProbs: logps has shape [0, 0], expected no empty axis');
    expectError(
      () => tokenLogProbs<X, X>(noVocabulary, ids),
      RangeError,
      'tokenLogProbs: logits has shape [0, 4, 0], expected no empty axis',
    );
  });
});
