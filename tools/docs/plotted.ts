import * as pf from '../../src/core.js';

/** One curve: a name for the legend, and the loss as a function of what is on the x axis. */
type Curve = readonly [label: string, f: (x: number) => number];

/** What the plot of a function shows. */
export interface Plotted {
  /** Words for the x axis. */
  readonly axis: string;
  /** From where to where. */
  readonly domain: readonly [number, number];
  /** What is on the y axis. Default: the loss. */
  readonly value?: string;
  /** Whether there is a slope to show. Default: yes. */
  readonly hasSlope?: boolean;
  readonly curves: readonly Curve[];
}

const MARGIN = 'scaled margin h';
const zero = { chosen: [0], rejected: [0] };

/** A pair whose log-ratios are x / 2 and -x / 2 divided by beta, so that h is x. */
const at = (x: number, beta: number) => ({ policy: { chosen: [x / 2 / beta], rejected: [-x / 2 / beta] }, reference: zero });

/** A loss of pairs with a reference, against the scaled margin. */
const pairs = (curves: readonly [string, (logps: pf.PairLogps<number[]>) => number[]][], beta = 0.1): Plotted => ({
  axis: MARGIN,
  domain: [-6, 6],
  curves: curves.map(([label, f]): Curve => [label, (x) => f(at(x, beta))[0]!]),
});

/** A loss of pairs without a reference, against the difference of the log-probs of two sides around `middle`. */
const free = (
  curves: readonly [string, (logps: pf.Pair<number[]>) => number[]][],
  axis: string,
  reach: number,
  middle: number,
): Plotted => ({
  axis,
  domain: [-reach, reach],
  curves: curves.map(([label, f]): Curve => [label, (x) => f({ chosen: [middle + x / 2], rejected: [middle - x / 2] })[0]!]),
});

const MEANS = 'chosen - rejected, nats per token';

/** A loss of single examples, against the reward. */
const examples = (f: (batch: pf.LabelledLogps<number[]>) => number[]): Plotted => ({
  axis: 'reward of the example',
  domain: [-6, 6],
  curves: [1, 0].map((desirable): Curve => [
    desirable === 1 ? 'desirable' : 'undesirable',
    (x) => f({ policy: [x / 0.1], reference: [0], desirable: [desirable] })[0]!,
  ]),
});

/** A loss of three candidates, against the reward of the best; the others have the reward 0. */
const lists = (f: (batch: { policy: number[][]; reference: number[][] }) => number[]): Plotted => ({
  axis: 'reward of the best, others 0',
  domain: [-6, 6],
  curves: [['loss', (x) => f({ policy: [[x / 0.1, 0, 0]], reference: [[0, 0, 0]] })[0]!]],
});

const rewards = [[2, 1, 0]];

/** The plots of the documentation, by function. */
export const plotted: Readonly<Record<string, Plotted>> = {
  dpo: pairs([
    ['no smoothing', (x) => pf.dpo(x)],
    ['labelSmoothing 0.2', (x) => pf.dpo(x, { labelSmoothing: 0.2 })],
    ['offset 2', (x) => pf.dpo(x, { offset: 2 })],
  ]),
  robustDpo: pairs([
    ['labelSmoothing 0.1', (x) => pf.robustDpo(x, { labelSmoothing: 0.1 })],
    ['labelSmoothing 0.3', (x) => pf.robustDpo(x, { labelSmoothing: 0.3 })],
  ]),
  ipo: pairs([['beta 0.1, h = beta Delta', (x) => pf.ipo(x)]]),
  hinge: pairs([['hinge', (x) => pf.hinge(x)]]),
  exoPair: pairs([
    ['labelSmoothing 0.001', (x) => pf.exoPair(x)],
    ['labelSmoothing 0.1', (x) => pf.exoPair(x, { labelSmoothing: 0.1 })],
  ]),
  ncaPair: pairs([['both sides move', (x) => pf.ncaPair(x)]]),
  bcoPair: pairs([
    ['delta 0', (x) => pf.bcoPair(x)],
    ['delta 1', (x) => pf.bcoPair(x, { delta: 1 })],
  ]),
  sppo: pairs([
    ['preference 1', (x) => pf.sppo(x)],
    ['preference 0.75', (x) => pf.sppo(x, { preference: 0.75 })],
  ]),
  apoZero: pairs([['both sides move', (x) => pf.apoZero(x)]]),
  apoDown: pairs([['both sides move', (x) => pf.apoDown(x)]]),
  discopop: pairs([
    ['tau 0.05', (x) => pf.discopop(x)],
    ['tau 0.5', (x) => pf.discopop(x, { tau: 0.5 })],
  ]),
  aot: pairs([['one quantile', (x) => pf.aot(x)]]),
  aotUnpaired: pairs([['one quantile', (x) => pf.aotUnpaired(x)]]),
  dpop: pairs([
    ['lambda 50', (x) => pf.dpop(x)],
    ['lambda 1', (x) => pf.dpop(x, { lambda: 1 })],
  ]),
  fDpo: pairs(
    [
      ['reverseKl', (x) => pf.fDpo(x, { beta: 1 })],
      ['forwardKl', (x) => pf.fDpo(x, { beta: 1, divergence: 'forwardKl' })],
      ['jensenShannon', (x) => pf.fDpo(x, { beta: 1, divergence: 'jensenShannon' })],
      ['alpha 0.5', (x) => pf.fDpo(x, { beta: 1, divergence: 'alpha', alpha: 0.5 })],
    ],
    1,
  ),
  calDpo: pairs([['beta 0.1', (x) => pf.calDpo(x)]]),
  rDpo: pairs(
    [-20, 0, 20].map((longer): [string, (x: pf.PairLogps<number[]>) => number[]] => [
      `chosen ${longer} tokens longer`,
      (x) => pf.rDpo({ ...x, lengths: { chosen: [30 + longer], rejected: [30] } }, { alpha: 0.1 }),
    ]),
  ),
  tdpo1: pairs(
    [0, 10].map((kl): [string, (x: pf.PairLogps<number[]>) => number[]] => [
      `rejected side diverges by ${kl}`,
      (x) => pf.tdpo1({ ...x, sequentialKl: { chosen: [0], rejected: [kl] } }),
    ]),
  ),
  tdpo2: pairs(
    [0, 10].map((kl): [string, (x: pf.PairLogps<number[]>) => number[]] => [
      `rejected side diverges by ${kl}`,
      (x) => pf.tdpo2({ ...x, sequentialKl: { chosen: [0], rejected: [kl] } }),
    ]),
  ),
  cpo: free([['beta 0.1', (x) => pf.cpo(x)]], 'chosen - rejected, nats', 60, -100),
  simpo: free(
    [
      ['gamma 0', (x) => pf.simpo(x, { beta: 2, gamma: 0 })],
      ['gamma 1', (x) => pf.simpo(x, { beta: 2, gamma: 1 })],
    ],
    MEANS,
    3,
    -2,
  ),
  alphaPo: free(
    [-0.5, 0.25, 1].map((alpha): [string, (x: pf.Pair<number[]>) => number[]] => [
      `alpha ${alpha}`,
      (x) => pf.alphaPo(x, { alpha, beta: 2, gamma: 0.5 }),
    ]),
    MEANS,
    3,
    -2,
  ),
  orpo: free([['lambda 1', (x) => pf.orpo(x, { lambda: 1 })]], MEANS, 3, -2),
  slic: free([['delta 1, lambda 0.1', (x) => pf.slic(x)]], 'chosen - rejected, nats', 3, -2),
  simper: free([['no hyperparameters', (x) => pf.simper(x)]], MEANS, 3, -2),
  tpo: free(
    [
      ['cpo', (x) => pf.tpo({ ...x, gold: [-1] }, { beta: 1 })],
      ['simpo, gamma 0.5', (x) => pf.tpo({ ...x, gold: [-1] }, { contrastive: 'simpo', beta: 2, gamma: 0.5 })],
      ['hinge', (x) => pf.tpo({ ...x, gold: [-1] }, { contrastive: 'hinge', beta: 1 })],
    ],
    MEANS,
    3,
    -2,
  ),
  kto: examples((batch) => pf.kto({ ...batch, kl: 0 })),
  apoZeroUnpaired: examples((batch) => pf.apoZeroUnpaired(batch)),
  bco: examples((batch) => pf.bco(batch)),
  klEstimate: {
    axis: 'mean log-ratio, nats',
    domain: [-3, 3],
    value: 'estimate, nats',
    curves: [['kl', (x) => pf.klEstimate({ policy: [x], reference: [0] })]],
  },
  plackettLuce: lists((batch) => pf.plackettLuce(batch)),
  softmaxDpo: lists((batch) => pf.softmaxDpo(batch)),
  exo: lists((batch) => pf.exo({ ...batch, rewards })),
  infoNca: lists((batch) => pf.infoNca({ ...batch, rewards })),
  nca: lists((batch) => pf.nca({ ...batch, rewards })),
  lipo: lists((batch) => pf.lipo({ ...batch, rewards })),
  pro: {
    axis: 'log-prob of the best, others -2',
    domain: [-5, 0],
    curves: [['rewards 2, 1, 0', (x) => pf.pro({ policy: [[x, -2, -2]], rewards })[0]!]],
  },
  rrhf: {
    axis: 'log-prob of the best, others -2',
    domain: [-5, 0],
    curves: [['rewards 2, 1, 0', (x) => pf.rrhf({ policy: [[x, -2, -2]], rewards })[0]!]],
  },
  bradleyTerry: {
    axis: 'chosen - rejected reward',
    domain: [-6, 6],
    curves: [
      ['plain', (x) => pf.bradleyTerry({ chosen: [x / 2], rejected: [-x / 2] })[0]!],
      ['margin 1', (x) => pf.bradleyTerry({ chosen: [x / 2], rejected: [-x / 2] }, { margin: 1 })[0]!],
    ],
  },
  nll: {
    axis: 'log-prob of a token, nats',
    domain: [-6, 0],
    curves: [['one of two tokens, the other -1', (x) => pf.nll([[x, -1]], [[1, 1]])]],
  },
  wpoWeights: {
    axis: 'mean of logps - logSumSquares',
    domain: [-4, 1],
    value: 'weight',
    curves: [
      ['no clamp', (x) => pf.wpoWeights({ logps: [[x]], logSumSquares: [[0]], mask: [[1]] })[0]!],
      ['clamp 1', (x) => pf.wpoWeights({ logps: [[x]], logSumSquares: [[0]], mask: [[1]] }, { clamp: 1 })[0]!],
    ],
  },
  ldLogProbs: {
    axis: 'alpha',
    domain: [0, 1],
    value: 'log-prob, nats',
    curves: [
      [
        '3 tokens of -1 against 1 token',
        (x) =>
          pf.ldLogProbs(
            { chosen: [[-1, -1, -1]], rejected: [[-1, 0, 0]] },
            { chosen: [[1, 1, 1]], rejected: [[1, 0, 0]] },
            { alpha: Math.min(Math.max(x, 0), 1) },
          ).chosen[0]!,
      ],
    ],
  },
  samLogProbs: {
    axis: 'tokens of the other completion',
    domain: [1, 12],
    value: 'log-prob, nats',
    hasSlope: false,
    curves: [['12 tokens of -1', (x) => sampled(Math.round(x))]],
  },
  humanlineClamp: {
    axis: 'log-ratio of a token, nats',
    domain: [-3, 3],
    value: 'clamped log-ratio, nats',
    curves: [['-1 to 1.5', (x) => pf.humanlineClamp({ policy: [[x]], reference: [[0]], mask: [[1]] }).policy[0]![0]!]],
  },
  adaptiveBeta: {
    axis: 'margin minus running mean, nats',
    domain: [-3, 3],
    value: 'beta',
    curves: [['beta 0.1, alpha 0.6', (x) => pf.adaptiveBeta({ margins: [x], statistics: { mean: 0, std: 1 } })]],
  },
  robustMean: {
    axis: 'one loss of four, the others 0.5',
    domain: [0, 6],
    value: 'mean',
    curves: [0.5, 1, 5].map((betaPrime): Curve => [`betaPrime ${betaPrime}`, (x) => pf.robustMean([x, 0.5, 0.5, 0.5], { betaPrime })]),
  },
  xpoTerm: {
    axis: 'log-prob of a sample, nats',
    domain: [-60, 0],
    curves: [['alpha 0.01', (x) => pf.xpoTerm([x], { alpha: 0.01 })[0]!]],
  },
  nashMd: {
    axis: 'log-prob of a token, reference -2',
    domain: [-6, 0],
    curves: [0.25, 0.5, 0.75].map((preference): Curve => [
      `preference ${preference}`,
      (x) => pf.nashMd({ policy: [[x]], reference: [[-2]], mask: [[1]] }, { preference })[0]!,
    ]),
  },
};

function sampled(tokens: number): number {
  const row = (n: number) => [Array.from({ length: 12 }, (_, i) => (i < n ? 1 : 0))];
  const logps = { chosen: [new Array<number>(12).fill(-1)], rejected: [new Array<number>(12).fill(-1)] };
  return pf.samLogProbs(logps, { chosen: row(12), rejected: row(tokens) }, { seed: 1 }).chosen[0]!;
}
