import { describe, it } from 'vitest';
import {
  adaptiveBeta,
  aot,
  cpo,
  discopop,
  humanlineClamp,
  infoNca,
  ldLogProbs,
  marginStatistics,
  marginWeights,
  nashMd,
  nca,
  rDpo,
  rewardShift,
  rewardStatistics,
  robustMean,
  samLogProbs,
  tdpo1,
  tpo,
  unpairedMetrics,
  wpoWeights,
  xpoTerm,
} from '../../src/index.js';
import { expectError, expectValues, isReadable, tensor, type X } from '../support/engine.js';
import { delta, pair, pairLogps, sigmoid, softplus } from '../support/samples.js';

// What the losses and their companions say of arguments that the contract of the catalogue does not reach.
// Made once: a call that fails may leave no tensor behind.
const [zero, one, single, three, classes, outside]: X[] = [0, 1, [1], [1, 1, 1], [1, 0], [0, 2]].map((x) => tensor(x));
const flat: X = tensor([-1, -2]);
const rows: X = tensor([[-1, -2], [-3, -4]]); // prettier-ignore
const ones: X = tensor([[1, 1], [1, 0]]); // prettier-ignore
const logps = pairLogps();
const free = pair({ chosen: [-1], rejected: [-2] });
const short = pair({ chosen: [1], rejected: [1] });
const tokens: X = { logps: rows, logSumSquares: rows, mask: ones };
const masks = { chosen: ones, rejected: ones };
const shift: X = { desirableSum: one, desirableCount: one, undesirableSum: one, undesirableCount: one };
const none = 'is not a tensor: no registered engine owns null';

describe('a message names function and argument', () => {
  it('of what is not there', () => {
    const cases: [() => unknown, string][] = [
      [() => nashMd<X>({ policy: rows, reference: rows } as X, { preference: 1 }), 'nashMd: batch lacks mask, expected { policy, reference, mask }'], // prettier-ignore
      [() => nashMd<X>({ policy: null, reference: rows, mask: ones }, { preference: 1 }), `nashMd: policy ${none}`],
      [() => nashMd<X>({ policy: rows, reference: rows, mask: ones }, { preference: null }), `nashMd: preference ${none}`],
      [() => nashMd<X>({ policy: rows, reference: null, mask: ones }, { preference: 1 }), `nashMd: reference ${none}`],
      [() => nashMd<X>({ policy: rows, reference: rows, mask: null }, { preference: 1 }), `nashMd: mask ${none}`],
      [() => humanlineClamp<X>({ policy: null, reference: rows, mask: ones }), `humanlineClamp: policy ${none}`],
      [() => humanlineClamp<X>({ policy: rows, reference: null, mask: ones }), `humanlineClamp: reference ${none}`],
      [() => adaptiveBeta<X>({} as X), 'adaptiveBeta: batch lacks margins, expected { margins, statistics }'],
      [() => adaptiveBeta<X>({ margins: null, statistics: {} } as X), `adaptiveBeta: margins ${none}`],
      [() => adaptiveBeta<X>({ margins: flat, statistics: { mean: zero } } as X), 'adaptiveBeta: statistics lacks std, expected { mean, std }'], // prettier-ignore
      [() => adaptiveBeta<X>({ margins: flat, statistics: { mean: zero, std: null } }), `adaptiveBeta: statistics.std ${none}`],
      [() => marginStatistics<X>(null), `marginStatistics: margins ${none}`],
      [() => marginStatistics<X>(flat, { previous: {} } as X), 'marginStatistics: previous lacks mean, expected { mean, std }'],
      [() => marginWeights<X>(null, {} as X), `marginWeights: margins ${none}`],
      [() => marginWeights<X>(flat, {} as X), 'marginWeights: statistics lacks mean, expected { mean, std }'],
      [() => wpoWeights<X>({ chosen: {}, rejected: {} } as X), 'wpoWeights: chosen lacks logps, expected { logps, logSumSquares, mask }'],
      [() => wpoWeights<X>({ chosen: tokens, rejected: {} } as X), 'wpoWeights: rejected lacks logps, expected { logps, logSumSquares, mask }'], // prettier-ignore
      [() => wpoWeights<X>({ ...tokens, logps: null }), `wpoWeights: logps ${none}`],
      [() => wpoWeights<X>({ ...tokens, logSumSquares: null }), `wpoWeights: logSumSquares ${none}`],
      [() => wpoWeights<X>({ chosen: tokens, rejected: { ...tokens, mask: null } }), `wpoWeights: rejected.mask ${none}`],
      [() => xpoTerm<X>(null), `xpoTerm: logps ${none}`],
      [() => robustMean<X>(null), `robustMean: losses ${none}`],
      [() => samLogProbs<X>({ chosen: null, rejected: rows }, masks, { seed: 1 }), `samLogProbs: logps.chosen ${none}`],
      [() => rDpo<X>({ ...logps, lengths: { chosen: null, rejected: flat } }, { alpha: 1 }), `rDpo: lengths.chosen ${none}`],
      [() => rDpo<X>({ ...logps, lengths: { chosen: three, rejected: null } }, { alpha: 1 }), `rDpo: lengths.rejected ${none}`], // prettier-ignore
      [() => tdpo1<X>({ ...logps, sequentialKl: null } as X), 'tdpo1: sequentialKl is null, expected { chosen, rejected }'],
      [() => tdpo1<X>({ ...logps, sequentialKl: { chosen: null, rejected: null } }), `tdpo1: sequentialKl.chosen ${none}`],
      [() => tpo<X>({ ...free, gold: null }), `tpo: gold ${none}`],
      [() => rewardStatistics<X>({ policy: null, reference: flat, desirable: flat }), `rewardStatistics: policy ${none}`],
      [() => unpairedMetrics<X>({ policy: null, reference: flat, desirable: flat }), `unpairedMetrics: policy ${none}`],
      [() => unpairedMetrics<X>({ policy: flat, reference: flat, desirable: null }), `unpairedMetrics: desirable ${none}`],
    ];
    for (const [call, message] of cases) expectError(call, TypeError, message);
  });

  it('of a shape', () => {
    const statistics = { mean: zero, std: one };
    const cases: [() => unknown, string][] = [
      [() => nashMd<X>({ policy: flat, reference: flat, mask: flat }, { preference: 1 }), 'nashMd: policy has shape [2], expected rank 2'], // prettier-ignore
      [() => nashMd<X>({ policy: rows, reference: flat, mask: ones }, { preference: 1 }), 'nashMd: reference has shape [2], expected [2, 2] like policy'], // prettier-ignore
      [() => nashMd<X>({ policy: rows, reference: rows, mask: flat }, { preference: 1 }), 'nashMd: mask has shape [2], expected [2, 2] like policy'], // prettier-ignore
      [() => nashMd<X>({ policy: rows, reference: rows, mask: ones }, { preference: single }), 'nashMd: preference has shape [1], expected [2] like policy'], // prettier-ignore
      [() => humanlineClamp<X>({ policy: flat, reference: flat, mask: flat }), 'humanlineClamp: policy has shape [2], expected rank 2'], // prettier-ignore
      [() => humanlineClamp<X>({ policy: rows, reference: flat, mask: ones }), 'humanlineClamp: reference has shape [2], expected [2, 2] like policy'], // prettier-ignore
      [() => adaptiveBeta<X>({ margins: rows, statistics }), 'adaptiveBeta: margins has shape [2, 2], expected rank 1'],
      [() => adaptiveBeta<X>({ margins: flat, statistics: { mean: zero, std: flat } }), 'adaptiveBeta: statistics.std has shape [2], expected rank 0'], // prettier-ignore
      [() => marginStatistics<X>(rows), 'marginStatistics: margins has shape [2, 2], expected rank 1'],
      [() => marginWeights<X>(rows, statistics), 'marginWeights: margins has shape [2, 2], expected rank 1'],
      [() => wpoWeights<X>({ ...tokens, logps: flat }), 'wpoWeights: logps has shape [2], expected rank 2'],
      [() => wpoWeights<X>({ ...tokens, logSumSquares: flat }), 'wpoWeights: logSumSquares has shape [2], expected [2, 2] like logps'],
      [() => wpoWeights<X>({ chosen: tokens, rejected: { ...tokens, logSumSquares: flat } }), 'wpoWeights: rejected.logSumSquares has shape [2], expected [2, 2] like rejected.logps'], // prettier-ignore
      [() => xpoTerm<X>(rows), 'xpoTerm: logps has shape [2, 2], expected rank 1'],
      [() => samLogProbs<X>({ chosen: flat, rejected: flat }, masks, { seed: 1 }), 'samLogProbs: logps.chosen has shape [2], expected rank 2'], // prettier-ignore
      [() => ldLogProbs<X>({ chosen: flat, rejected: flat }, masks, { alpha: 0.5 }), 'ldLogProbs: logps.chosen has shape [2], expected rank 2'], // prettier-ignore
      [() => tdpo1<X>({ ...logps, sequentialKl: short }), 'tdpo1: sequentialKl.chosen has shape [1], expected [3] like policy.chosen'], // prettier-ignore
      [() => tpo<X>({ ...free, gold: flat }), 'tpo: gold has shape [2], expected [1] like chosen'],
      [() => tpo<X>({ chosen: rows, rejected: rows, gold: flat }), 'tpo: chosen has shape [2, 2], expected rank 1'],
      [() => rewardStatistics<X>(logps, { beta: flat }), 'rewardStatistics: beta has shape [2], expected [3] like policy.chosen'],
      [() => rewardStatistics<X>({ policy: flat, reference: flat, desirable: classes }, { beta: single }), 'rewardStatistics: beta has shape [1], expected [2] like policy'], // prettier-ignore
      [() => unpairedMetrics<X>({ policy: flat, reference: flat, desirable: one }), 'unpairedMetrics: desirable has shape [], expected [2] like policy'], // prettier-ignore
    ];
    for (const [call, message] of cases) expectError(call, RangeError, message);
  });

  it('of an option', () => {
    const lists: X = { policy: rows, reference: rows, rewards: rows };
    const token: X = { policy: rows, reference: rows, mask: ones };
    const statistics = { mean: zero, std: one };
    const smoothing = 'labelSmoothing must be in [0, 0.5), got 0.5';
    const x: X = { x: 1 };
    const cases: [() => unknown, string][] = [
      [() => cpo<X>(free, { labelSmoothing: 0.5 }), `cpo: ${smoothing}`],
      [() => aot<X>(logps, { labelSmoothing: 0.5 }), `aot: ${smoothing}`],
      [() => infoNca<X>(lists, { tau: 0 }), 'infoNca: tau must be finite and > 0, got 0'],
      [() => nca<X>(lists, { tau: 0 }), 'nca: tau must be finite and > 0, got 0'],
      [() => nashMd<X>(token, { preference: 1, ...x }), 'nashMd: unknown option x, expected beta, preference'],
      [() => nashMd<X>(token, { preference: 1, beta: -1 }), 'nashMd: beta must be finite and >= 0, got -1'],
      [() => nashMd<X>(token, { preference: 2 }), 'nashMd: preference must be in [0, 1], got 2'],
      [() => humanlineClamp<X>(token, x), 'humanlineClamp: unknown option x, expected low, high'],
      [() => humanlineClamp<X>(token, { low: 1, high: 1 }), 'humanlineClamp: high must be finite and > low (1), got 1'],
      [() => samLogProbs<X>({ chosen: rows, rejected: rows }, masks, { seed: 1, ...x }), 'samLogProbs: unknown option x, expected seed'], // prettier-ignore
      [() => marginStatistics<X>(flat, x), 'marginStatistics: unknown option x, expected previous, momentum'],
      [() => adaptiveBeta<X>({ margins: flat, statistics }, x), 'adaptiveBeta: unknown option x, expected beta, alpha'],
      [() => wpoWeights<X>(tokens, x), 'wpoWeights: unknown option x, expected clamp'],
      [() => xpoTerm<X>(flat, x), 'xpoTerm: unknown option x, expected alpha'],
      [() => xpoTerm<X>(flat, { alpha: -1 }), 'xpoTerm: alpha must be finite and >= 0, got -1'],
      [() => robustMean<X>(flat, x), 'robustMean: unknown option x, expected betaPrime'],
      [() => rewardStatistics<X>(logps, x), 'rewardStatistics: unknown option x, expected beta'],
      [() => rewardShift<X>(shift, x), 'rewardShift: unknown option x, expected over'],
    ];
    for (const [call, message] of cases) expectError(call, RangeError, message);
  });

  it('not of the option at the end of its range', async () => {
    const h = delta.map((d) => 0.1 * d);
    const wanted = h.map((x) => sigmoid(-x) * softplus(-x) + sigmoid(x) * Math.exp(-x));
    await expectValues(discopop<X>(logps, { beta: 0.1, tau: 1 }), wanted);
  });

  // Where values cannot be read, such a row becomes NaN: see options.test.ts.
  it.runIf(isReadable)('of a value', () => {
    const batch = { policy: rows, reference: rows, mask: ones };
    expectError(() => nashMd<X>(batch, { preference: outside }), RangeError, 'nashMd: value 1 of preference must be in [0, 1], got 2');
  });
});
