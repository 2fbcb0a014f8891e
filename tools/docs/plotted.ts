import * as pf from '../../src/core.js';
import type { LossKind, LossName } from '../../src/core.js';
import { axisOf, fieldsOf, pick, REQUIRED } from './axes.js';

/** A curve: its label in the legend, and its value as a function of the variable on the x axis. */
type Curve = readonly [label: string, f: (x: number) => number];

/** The plot of a function. */
export interface Plotted {
  /** Title of the x axis. */
  readonly axis: string;
  /** Range of the x axis. */
  readonly domain: readonly [number, number];
  /** Title of the panel that shows the values. Default `loss`. */
  readonly value?: string;
  /** Whether a second panel shows the slope. Default true. */
  readonly hasSlope?: boolean;
  readonly curves: readonly Curve[];
}

type Options = Readonly<Record<string, unknown>>;
type Batch = Readonly<Record<string, unknown>>;

/** A curve of a loss: its label, options in addition to the required ones, and fields of its batch. */
type LossCurve = readonly [label: string, options?: Options, fields?: Batch];

/** Losses with a reference are plotted against a reward, beta times a log-ratio: these are the axes. */
const REWARDS: Readonly<Partial<Record<LossKind, string>>> = {
  pairs: 'scaled margin h',
  examples: 'reward of the example',
  completions: 'reward of the completion',
  lists: 'reward of the best candidate, others 0',
};

/** The curves of losses that `CURVES` does not list. */
const KIND_CURVES: Readonly<Partial<Record<LossKind, readonly LossCurve[]>>> = {
  examples: [['desirable', {}, { desirable: [1] }], ['undesirable', {}, { desirable: [0] }]], // prettier-ignore
  lists: [['loss']],
  referenceFreeLists: [['rewards 2, 1, 0']],
};

const option = (name: string, values: readonly number[]): LossCurve[] => values.map((value) => [`${name} ${value}`, { [name]: value }]);
const divergesBy = (kl: number): LossCurve => [
  `sequentialKl ${kl} on the rejected side`,
  {},
  { sequentialKl: { chosen: [0], rejected: [kl] } },
];

const REWARD_GAPS = [-1, 1, 3].map((gap): LossCurve => [`rewards ${gap} apart`, {}, { rewards: { chosen: [gap], rejected: [0] } }]);
const TIES: readonly LossCurve[] = [['preferred'], ['tie', {}, { tie: [1] }]];

/** Curves of losses whose plot shows other curves than their kind, or labels them differently. */
const CURVES: Readonly<Partial<Record<LossName, readonly LossCurve[]>>> = {
  dpo: [
    ['no smoothing'],
    ['labelSmoothing 0.2', { labelSmoothing: 0.2 }],
    ['preference 0.5', { preference: 0.5 }],
    ['offset 2', { offset: 2 }],
  ],
  robustDpo: option('labelSmoothing', [0.1, 0.3]),
  ipo: [['beta 0.1, h = beta Delta']],
  exoPair: option('labelSmoothing', [0.001, 0.1]),
  ncaPair: [['log-ratios of opposite sign']],
  bcoPair: option('delta', [0, 1]),
  sppo: option('preference', [1, 0.75]),
  apoZero: [['log-ratios of opposite sign']],
  apoDown: [['log-ratios of opposite sign']],
  discopop: option('tau', [0.05, 0.5]),
  aot: [['batch of one pair']],
  aotUnpaired: [['batch of one pair']],
  dpop: option('lambda', [50, 1]),
  fDpo: [
    ['reverseKl', { beta: 1 }],
    ['forwardKl', { beta: 1, divergence: 'forwardKl' }],
    ['jensenShannon', { beta: 1, divergence: 'jensenShannon' }],
    ['alpha 0.5', { beta: 1, divergence: 'alpha', alpha: 0.5 }],
    ['chiSquaredKl', { beta: 1, divergence: 'chiSquaredKl' }],
  ],
  calDpo: [['beta 0.1']],
  rDpo: [-20, 0, 20].map((longer) => [`chosen - rejected length ${longer}`, {}, { lengths: { chosen: [30 + longer], rejected: [30] } }]),
  tdpo1: [0, 10].map(divergesBy),
  tdpo2: [0, 10].map(divergesBy),
  rpoBackwardKl: REWARD_GAPS,
  rpoForwardKl: REWARD_GAPS,
  rpoSquared: REWARD_GAPS,
  rebel: [['eta 1, rewards 2 and 0, h = Delta / 10']],
  dpoShift: option('lambda', [0.5, 0.95]),
  raoKupper: TIES,
  davidson: TIES,
  alphaDpo: option('alpha', [0, 0.1, 0.5]),
  cpo: [['beta 0.1']],
  simpo: option('gamma', [0, 1]),
  alphaPo: option('alpha', [-0.5, 0.25, 1]),
  repo: option('gamma', [0, 0.5]),
  orpo: option('lambda', [1]),
  slic: [['delta 1, lambda 0.1']],
  simper: [['no hyperparameters']],
  npo: option('beta', [0.1, 1]),
  anchor: option('delta', [0, 2]),
  regression: [['squared, target 0.5'], ['absolute, target 0.5', { error: 'absolute' }]], // prettier-ignore
  qrpo: [['quantile 0.75'], ['log of quantile 0.75', { transform: 'log' }], ['normal quantile 0.75', { transform: 'normal' }]],
  simNpo: option('beta', [0.5, 2.5]),
  bradleyTerry: [['margin 0'], ['margin 1', { margin: 1 }], ['scale 2', { scale: 2 }]],
};

/** Returns the plot of a loss of the catalogue. */
function ofLoss(name: LossName): Plotted {
  const { loss, kind, required } = pf.lossNamed(name);
  const { label: own, domain, batch } = axisOf(name);
  const reward = REWARDS[kind];
  const [given, needed] = [fieldsOf(name), pick(REQUIRED, required, 'REQUIRED')];
  return {
    axis: reward ?? own,
    domain: reward === undefined ? domain : [-6, 6],
    curves: (CURVES[name] ?? KIND_CURVES[kind] ?? [[name]]).map(([label, chosen, more]): Curve => {
      const options: Options = { ...needed, ...chosen };
      const { beta = 0.1 } = options as { beta?: number };
      const scale = reward === undefined ? 1 : beta;
      return [label, (x) => loss<number[]>({ ...batch([x / scale]), ...given, ...more }, options)[0]!];
    }),
  };
}

/** Plots of functions that are not in the catalogue. */
const OTHERS: Readonly<Record<string, Plotted>> = {
  tpo: {
    axis: 'log-prob of the gold response, nats per token',
    domain: [-5, 0],
    curves: [0.5, 1].map((alpha): Curve => [`contrast 0.5, alpha ${alpha}`, (x) => pf.tpo({ contrast: [0.5], gold: [x] }, { alpha })[0]!]),
  },
  epsilonBeta: {
    axis: 'margin one step away, the policy 0, towards -1',
    domain: [-3, 3],
    value: 'beta',
    hasSlope: false,
    curves: [0.01, 0.1].map((epsilon): Curve => [
      `epsilon ${epsilon}`,
      (x) => pf.epsilonBeta({ policy: [0], away: [x], towards: [-1] }, { epsilon })[0]!,
    ]),
  },
  gammaMargins: {
    axis: 'gap of one of four pairs, the others 1',
    domain: [-6, 6],
    value: 'margin of that pair',
    curves: [1, 3, 10].map((tau): Curve => [`tau ${tau}`, (x) => pf.gammaMargins([x, 1, 1, 1], { gamma: 0.5, tau })[0]!]),
  },
  costTerm: {
    axis: 'cost of the chosen side, the other 0',
    domain: [-6, 6],
    curves: [1, 0].map((harmful): Curve => [
      harmful === 1 ? 'harmful' : 'harmless',
      (x) => pf.costTerm({ chosen: [x], rejected: [0] }, { chosen: [harmful], rejected: [1] })[0]!,
    ]),
  },
  klEstimate: {
    axis: 'mean log-ratio, nats',
    domain: [-3, 3],
    value: 'estimate, nats',
    curves: [['kl', (x) => pf.klEstimate({ policy: [x], reference: [0] })]],
  },
  nll: {
    axis: 'log-prob of a token, nats',
    domain: [-6, 0],
    curves: [['two tokens, the other at -1', (x) => pf.nll([[x, -1]], [[1, 1]])]],
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
        '3 tokens of -1, other completion 1 token',
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
  optimalValue: {
    axis: 'one of four rewards, the others 0',
    domain: [-3, 3],
    value: 'value',
    curves: [0.1, 0.5, 5].map((beta): Curve => [`beta ${beta}`, (x) => pf.optimalValue([[x, 0, 0, 0]], { beta })[0]!]),
  },
  adaptiveBeta: {
    axis: 'margin minus running mean, nats',
    domain: [-3, 3],
    value: 'beta',
    curves: [['beta 0.1, alpha 0.6', (x) => pf.adaptiveBeta({ margins: [x], statistics: { mean: 0, std: 1 } })]],
  },
  robustMean: {
    axis: 'one of four losses, the others 0.5',
    domain: [0, 6],
    value: 'mean',
    curves: [0.5, 1, 5].map((betaPrime): Curve => [`betaPrime ${betaPrime}`, (x) => pf.robustMean([x, 0.5, 0.5, 0.5], { betaPrime })]),
  },
  tokenDivergence: {
    axis: 'logit of the first of two tokens, policy',
    domain: [-6, 6],
    value: 'divergence, nats',
    curves: (
      [
        ['forwardKl', {}],
        ['reverseKl', { divergence: 'reverseKl' }],
        ['jensenShannon', { divergence: 'jensenShannon' }],
        ['jensenShannon, weight 0.1', { divergence: 'jensenShannon', weight: 0.1 }],
      ] as const
    ).map(([label, options]): Curve => [label, (x) => pf.tokenDivergence([[x, 0]], [[1, 0]], options)[0]!]),
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

/** The plots of the documentation, by function. */
export const plotted: Readonly<Record<string, Plotted>> = {
  ...Object.fromEntries((Object.keys(pf.losses) as LossName[]).map((name) => [name, ofLoss(name)])),
  ...OTHERS,
};

function sampled(tokens: number): number {
  const row = (n: number) => [Array.from({ length: 12 }, (_, i) => (i < n ? 1 : 0))];
  const logps = { chosen: [new Array<number>(12).fill(-1)], rejected: [new Array<number>(12).fill(-1)] };
  return pf.samLogProbs(logps, { chosen: row(12), rejected: row(tokens) }, { seed: [1] }).chosen[0]!;
}
