import { describe, expect, it } from 'vitest';
import {
  adaptiveBeta,
  backendOf,
  completionLogProbs,
  costTerm,
  cpo,
  hinge,
  epsilonBeta,
  gammaMargins,
  humanlineClamp,
  ipo,
  ldLogProbs,
  losses,
  marginStatistics,
  marginWeights,
  nashMd,
  nll,
  ops,
  optimalValue,
  robustMean,
  sequenceLogProbs,
  simpo,
  splitPairs,
  tokenLogProbs,
  tpo,
  tokenDivergence,
  wpoWeights,
  xpoTerm,
  type LossName,
  type TokenDivergenceOptions,
} from '../../src/index.js';
import { callOf } from '../support/calls.js';
import { epsilon, expectValues, isArrays, tensor, type X } from '../support/engine.js';
import { expectGolden } from '../support/expectGolden.js';
import { cases, fileOf, goldenNames, type Call } from '../support/goldens.js';
import { RECIPES } from '../support/recipes.js';

const statisticsOf = ({ margins, mean, std }: Readonly<Record<string, X>>): X =>
  marginStatistics<X>(margins, { previous: { mean: scalar(margins, mean), std: scalar(margins, std) } });
/** The pair losses of TPO, by the name of the golden options. */
const CONTRASTS: Readonly<Record<string, (logps: X, options: X) => X>> = {
  cpo: (logps, { beta, labelSmoothing }) => cpo<X>(logps, { beta, labelSmoothing }),
  hinge: (logps, { beta }) => hinge<X>({ policy: logps }, { beta }),
  ipo: (logps, { beta }) => ipo<X>({ policy: logps }, { beta }),
  simpo: (logps, { beta, gamma, labelSmoothing }) => simpo<X>(logps, { beta, gamma, labelSmoothing }),
};
const scalar = (like: X, x: number): X => ops.reshape(backendOf<X>(like).constant([x]), []);

// Functions that are not losses of examples: weights, terms, reductions, aggregations of tokens.
const OTHERS: Record<string, Call> = {
  completionLogProbs: (x, options) =>
    completionLogProbs<X>(x.logits, { labels: ops.cast<X>(x.labels, 'int'), weights: x.weights }, options),
  costTerm: (x) => costTerm<X>({ chosen: x.chosen, rejected: x.rejected }, { chosen: x.chosenHarmful, rejected: x.rejectedHarmful }),
  epsilonBeta: ({ logits, referenceLogits, labels: floats }, options: X) => {
    const labels = ops.cast<X>(floats, 'int');
    const mask = ops.greaterEqual<X>(floats, 0);
    const marginAt = (step: number): X => {
      const mixed = ops.sub<X>(ops.mul<X>(logits, 1 + step), ops.mul<X>(referenceLogits, step));
      const { chosen, rejected } = splitPairs<X>(sequenceLogProbs<X>(tokenLogProbs<X, X>(mixed, labels), mask));
      return ops.sub<X>(chosen, rejected);
    };
    return epsilonBeta<X>({ policy: marginAt(0), away: marginAt(options.epsilon), towards: marginAt(-options.epsilon) }, options);
  },
  gammaMargins: (x, options) => gammaMargins<X>(x.gaps, options as { gamma: number; tau: number }),
  tpo: (x, options: X) => {
    const contrast = CONTRASTS[options.contrastive]!({ chosen: x.chosen, rejected: x.rejected }, options);
    return tpo<X>({ contrast, gold: x.gold }, { alpha: options.alpha });
  },
  adaptiveBeta: (x, options) => adaptiveBeta<X>({ margins: x.margins, statistics: statisticsOf(x), selected: x.selected }, options),
  humanlineClamp: (x, options) => {
    const { policy } = humanlineClamp<X>({ policy: x.policy, reference: x.reference, mask: x.mask }, options);
    return ops.sum(ops.sub(policy, x.reference), -1);
  },
  ldLogProbs: (x, options) => {
    const { chosen, rejected } = ldLogProbs<X>(splitPairs<X>(x.logps), splitPairs<X>(x.mask), options as { alpha: number });
    return ops.concat<X>([chosen, rejected]);
  },
  nashMd: (x, options) => nashMd<X>({ policy: x.policy, reference: x.reference, mask: x.mask }, options as { preference: X }),
  nll: (x, options) => nll<X>(x.logps, x.mask, options),
  optimalValue: (x, options) => optimalValue<X>(x.rewards, options),
  robustMean: (x, options) => robustMean<X>(x.losses, options),
  tokenDivergence: (x, options) => tokenDivergence<X>(x.policy, x.reference, options as TokenDivergenceOptions),
  wpoWeights: (x) => {
    const [logps, logSumSquares, mask] = [x.logps, x.logSumSquares, x.mask].map((v) => splitPairs<X>(v));
    const side = (s: 'chosen' | 'rejected') => ({ logps: logps![s], logSumSquares: logSumSquares![s], mask: mask![s] });
    return wpoWeights<X>({ chosen: side('chosen'), rejected: side('rejected') });
  },
  xpoTerm: (x, options) => xpoTerm<X>(x.logps, options),
};

// Other tests read these goldens.
const ELSEWHERE = ['logprobs', 'metrics'];

it('has goldens of every loss', () => {
  const recipes = Object.keys(RECIPES).map((name) => `recipes/${name}`);
  expect([...goldenNames].sort()).toEqual([...Object.keys(losses), ...Object.keys(OTHERS), ...recipes, ...ELSEWHERE].sort());
});

describe.each(Object.keys(losses) as LossName[])('%s', (name) => {
  it.for(cases(fileOf(name)))('%s', async ([, record], { task }) => {
    const errors = await expectGolden(name, record, callOf(name), losses[name].coupling === 'order');
    if (record.source === 'exact') task.meta.accuracy = [errors];
  });
});

describe.each(Object.keys(OTHERS))('%s', (name) => {
  it.for(cases(fileOf(name)))('%s', async ([, record], { task }) => {
    const errors = await expectGolden(name, record, OTHERS[name]!);
    if (record.source === 'exact') task.meta.accuracy = [errors];
  });
});

// Once is enough: every engine is tested with the losses that they consist of.
describe.runIf(isArrays).each(Object.keys(RECIPES))('the recipe %s', (name) => {
  it.for(cases(fileOf(`recipes/${name}`)))('%s', async ([, record]) => {
    await expectGolden(`recipes/${name}`, record, RECIPES[name]!);
  });
});

describe('further outputs of the originals', () => {
  it.each(cases(fileOf('adaptiveBeta')))('adaptiveBeta: the running statistics and the weights of %s', async (_, record) => {
    const inputs = fileOf('adaptiveBeta').inputs[record.input]!;
    const margins = tensor(inputs.margins!);
    const statistics: X = statisticsOf({ ...inputs, margins });
    const { mean, std, weights } = record.outputs as unknown as Record<string, X>;
    await expectValues(statistics.mean, mean, 10);
    await expectValues(statistics.std, std, 10);
    await expectValues(marginWeights<X>(margins, statistics), weights, 10);
  });

  it.each(cases(fileOf('humanlineClamp')))('humanlineClamp: the share of unclamped tokens of %s', async (_, record) => {
    const { policy, reference, mask } = fileOf('humanlineClamp').inputs[record.input]!;
    const { unclamped } = humanlineClamp<X>({ policy: tensor(policy!), reference: tensor(reference!), mask: tensor(mask!) });
    await expectValues(unclamped, record.outputs.unclamped as number, epsilon);
  });
});
