import type * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  completionLogProbs,
  completionMask,
  concatPairs,
  gatherPairs,
  humanlineClamp,
  implicitRewards,
  labelsFromMask,
  ldLogProbs,
  levanterMetrics,
  levanterSimpoMetrics,
  linearTokenLogProbs,
  linearTokenStats,
  logOdds,
  logRatioMargin,
  maskedMean,
  maskedSum,
  maskFromLabels,
  ops,
  pairMetrics,
  samLogProbs,
  segmentAttentionMask,
  sequenceLogProbs,
  shiftLabels,
  splitPairs,
  tokenDivergence,
  tokenLogProbs,
  tokenStats,
  unpack,
  unpairedMetrics,
} from '../../src/index.js';
import { expectError, ints, tensor, type X, isTfjs } from '../support/engine.js';

type Arguments = Record<string, X>;
/** The tensors that a function takes, by the names of its errors, and a call with them. */
type Case = [arguments: () => Arguments, call: (given: Arguments) => unknown];

const matrix = () => tensor([[-1, -2], [-3, -4]]); // prettier-ignore
const list = () => tensor([-1, -2]);
const mask = () => tensor([[1, 1], [1, 1]]); // prettier-ignore

const UNARY = ['neg', 'abs', 'square', 'sqrt', 'exp', 'log', 'expm1', 'log1p', 'softplus', 'sigmoid', 'log1mexp', 'tanh', 'logSigmoid', 'relu', 'sum', 'mean', 'max', 'logSumExp', 'cumsum', 'sort', 'stopGradient'] as const; // prettier-ignore
const BINARY = ['add', 'sub', 'mul', 'div', 'maximum', 'minimum', 'equal', 'greater', 'greaterEqual', 'less', 'lessEqual'] as const;
const OPERATIONS: Record<string, Case> = {
  ...Object.fromEntries(UNARY.map((name): [string, Case] => [name, [() => ({ x: matrix() }), ({ x }) => (ops[name] as (y: X) => X)(x)]])),
  ...Object.fromEntries(
    BINARY.map((name): [string, Case] => [name, [() => ({ a: matrix(), b: matrix() }), ({ a, b }) => ops[name](a, b)]]),
  ),
  pow: [() => ({ x: matrix(), y: matrix() }), ({ x, y }) => ops.pow<X>(x, y)],
  clip: [() => ({ x: matrix() }), ({ x }) => ops.clip(x, 0, 1)],
  where: [() => ({ condition: mask(), a: matrix(), b: matrix() }), ({ condition, a, b }) => ops.where(condition, a, b)],
  cast: [() => ({ x: matrix() }), ({ x }) => ops.cast(x, 'int')],
  take: [() => ({ x: matrix(), indices: ints([0]) }), ({ x, indices }) => ops.take(x, indices)],
  slice: [() => ({ x: matrix() }), ({ x }) => ops.slice(x, 0, 1)],
  concat: [() => ({ 'xs[0]': matrix(), 'xs[1]': matrix() }), (xs) => ops.concat(Object.values(xs))],
  reshape: [() => ({ x: matrix() }), ({ x }) => ops.reshape(x, [4])],
  broadcastTo: [() => ({ x: matrix() }), ({ x }) => ops.broadcastTo(x, [2, 2, 2])],
};
/** Operations that are made of others, by their arguments: the error names the first of those. */
const MADE_OF: Record<string, string> = {
  'log1mexp: x': 'stopGradient: x',
  'tanh: x': 'minimum: a',
  'logSigmoid: x': 'neg: x',
  'relu: x': 'greaterEqual: b',
  'mean: x': 'sum: x',
  'logSumExp: x': 'max: x',
  'less: a': 'greater: b',
  'less: b': 'greater: a',
  'lessEqual: a': 'greaterEqual: b',
  'lessEqual: b': 'greaterEqual: a',
  'clip: x': 'maximum: a',
};
/** These take an engine or a shape from a tensor, which it has until the end. */
const WITHOUT_VALUES = ['shape', 'constant', 'arange', 'scope', 'detached'];

const pair = () => ({ chosen: list(), rejected: list() });
const policyAndReference = (policy: X, reference: X): Arguments => ({
  'policy.chosen': policy.chosen,
  'policy.rejected': policy.rejected,
  'reference.chosen': reference.chosen,
  'reference.rejected': reference.rejected,
});
const pairLogps = () => policyAndReference(pair(), pair());
const ofPairs = (given: Arguments): X => ({
  policy: { chosen: given['policy.chosen'], rejected: given['policy.rejected'] },
  reference: { chosen: given['reference.chosen'], rejected: given['reference.rejected'] },
});
const withBeta = () => ({ ...pairLogps(), beta: list() });
const tokenPairs = () => ({ 'logps.chosen': matrix(), 'logps.rejected': matrix(), 'masks.chosen': mask(), 'masks.rejected': mask() });
const ofTokens = (given: Arguments): [X, X] => [
  { chosen: given['logps.chosen'], rejected: given['logps.rejected'] },
  { chosen: given['masks.chosen'], rejected: given['masks.rejected'] },
];
const head = () => ({ hidden: tensor([[1], [2]]), weight: tensor([[1], [2], [3]]), bias: tensor([0, 0, 0]), labels: ints([0, 1]) }); // prettier-ignore
const ofHead = (given: Arguments): X => ({ hidden: given.hidden, weight: given.weight, bias: given.bias });
const logits = () => tensor([[[1, 2], [3, 4]], [[1, 2], [3, 4]]]); // prettier-ignore
const labels = () => ints([[0, 1], [1, 0]]); // prettier-ignore

const FUNCTIONS: Record<string, Case> = {
  tokenLogProbs: [() => ({ logits: logits(), labels: labels() }), (x) => tokenLogProbs(x.logits, x.labels)],
  tokenStats: [() => ({ logits: logits(), labels: labels() }), (x) => tokenStats(x.logits, x.labels)],
  tokenDivergence: [() => ({ policy: logits(), reference: logits() }), (x) => tokenDivergence(x.policy, x.reference)],
  linearTokenLogProbs: [head, (x) => linearTokenLogProbs(ofHead(x), x.labels)],
  linearTokenStats: [head, (x) => linearTokenStats(ofHead(x), x.labels)],
  completionLogProbs: [
    () => ({ logits: logits(), tokens: labels(), mask: mask() }),
    (x) => completionLogProbs(x.logits, { tokens: x.tokens, mask: x.mask }),
  ],
  sequenceLogProbs: [
    () => ({ logps: matrix(), mask: mask(), weights: mask() }),
    (x) => sequenceLogProbs(x.logps, x.mask, { weights: x.weights }),
  ],
  humanlineClamp: [() => ({ policy: matrix(), reference: matrix(), mask: mask() }), (x) => humanlineClamp(x as X)],
  ldLogProbs: [tokenPairs, (x) => ldLogProbs(...ofTokens(x), { alpha: 0.5 })],
  samLogProbs: [tokenPairs, (x) => samLogProbs(...ofTokens(x), { seed: 0 } as X)],
  implicitRewards: [withBeta, (x) => implicitRewards(ofPairs(x), { beta: x.beta })],
  logOdds: [() => ({ chosen: list(), rejected: list() }), (x) => logOdds(x as X)],
  logRatioMargin: [pairLogps, (x) => logRatioMargin(ofPairs(x))],
  splitPairs: [() => ({ x: list() }), ({ x }) => splitPairs(x)],
  concatPairs: [() => ({ chosen: list(), rejected: list() }), (x) => concatPairs(x as X)],
  gatherPairs: [() => ({ x: list() }), ({ x }) => gatherPairs(x, { chosen: [0], rejected: [1] })],
  unpack: [() => ({ x: matrix() }), ({ x }) => unpack(x, [0, 1])],
  completionMask: [() => ({ promptLengths: ints([1, 1]), lengths: ints([2, 2]) }), (x) => completionMask(x as X, 2)],
  shiftLabels: [() => ({ labels: labels() }), (x) => shiftLabels(x.labels)],
  labelsFromMask: [() => ({ tokens: labels(), mask: mask() }), (x) => labelsFromMask(x.tokens, x.mask)],
  maskFromLabels: [() => ({ labels: labels() }), (x) => maskFromLabels(x.labels)],
  maskedSum: [() => ({ x: matrix(), mask: mask() }), ({ x, mask: m }) => maskedSum(x, m)],
  maskedMean: [() => ({ x: matrix(), mask: mask() }), ({ x, mask: m }) => maskedMean(x, m)],
  segmentAttentionMask: [() => ({ segments: ints([[1, 1], [1, 2]]) }), (x) => segmentAttentionMask(x.segments)], // prettier-ignore
  pairMetrics: [withBeta, (x) => pairMetrics(ofPairs(x), { beta: x.beta })],
  levanterSimpoMetrics: [() => ({ chosen: list(), rejected: list() }), (x) => levanterSimpoMetrics(x as X, { beta: 2, gamma: 1 })],
  levanterMetrics: [withBeta, (x) => levanterMetrics(ofPairs(x), { beta: x.beta })],
  unpairedMetrics: [
    () => ({ policy: list(), reference: list(), desirable: tensor([1, 0]), beta: list() }),
    ({ beta, ...batch }) => unpairedMetrics(batch as X, { beta }),
  ],
};

// Only tensors of TensorFlow.js can be disposed.
describe.runIf(isTfjs)('a disposed tensor is named by', () => {
  it.each(Object.entries({ ...OPERATIONS, ...FUNCTIONS }))('%s', (fn, [argumentsOf, call]) => {
    for (const name of Object.keys(argumentsOf())) {
      const given = argumentsOf();
      (given[name] as tf.Tensor).dispose();
      const named = `${fn}: ${name}`;
      expectError(() => call(given), TypeError, `${MADE_OF[named] ?? named} is disposed`);
    }
  });
});

it('every operation is tried', () => {
  expect([...Object.keys(OPERATIONS), ...WITHOUT_VALUES].sort()).toEqual(Object.keys(ops).sort());
});
