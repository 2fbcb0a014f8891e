import * as pf from '../../src/core.js';
import type { LossKind, LossName } from '../../src/core.js';

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

/** How losses of one kind are plotted: the batch at each x, and the curves if `CURVES` lists none. */
interface Kind {
  readonly axis: string;
  readonly domain: readonly [number, number];
  readonly batch: (x: number, options: Options) => Batch;
  readonly curves: (name: string) => readonly LossCurve[];
}

const zero = { chosen: [0], rejected: [0] };
const named = (name: string): readonly LossCurve[] => [[name]];

/** Pairs without a reference, plotted against the difference of their log-probs, which are centred at `middle`. */
const free = (axis: string, reach: number, middle: number): Kind => ({
  axis,
  domain: [-reach, reach],
  batch: (x) => ({ chosen: [middle + x / 2], rejected: [middle - x / 2] }),
  curves: named,
});
const FREE_SUMS = free('chosen - rejected, nats', 60, -100);
const FREE_MEANS = free('chosen - rejected, nats per token', 3, -2);

const KINDS: Readonly<Record<LossKind, Kind>> = {
  pairs: {
    axis: 'scaled margin h',
    domain: [-6, 6],
    // The log-ratios are x / 2 and -x / 2 divided by beta, so that h is x.
    batch: (x, { beta = 0.1 }) => {
      const chosen = x / 2 / (beta as number);
      return { policy: { chosen: [chosen], rejected: [-chosen] }, reference: zero };
    },
    curves: named,
  },
  referenceFreePairs: FREE_MEANS,
  examples: {
    axis: 'reward of the example',
    domain: [-6, 6],
    batch: (x) => ({ policy: [x / 0.1], reference: [0] }),
    curves: () => [['desirable', {}, { desirable: [1] }], ['undesirable', {}, { desirable: [0] }]], // prettier-ignore
  },
  lists: {
    axis: 'reward of the best candidate, others 0',
    domain: [-6, 6],
    batch: (x) => ({ policy: [[x / 0.1, 0, 0]], reference: [[0, 0, 0]] }),
    curves: () => [['loss']],
  },
  referenceFreeLists: {
    axis: 'log-prob of the best candidate, others -2',
    domain: [-5, 0],
    batch: (x) => ({ policy: [[x, -2, -2]] }),
    curves: () => [['rewards 2, 1, 0']],
  },
  rewards: {
    axis: 'chosen - rejected reward',
    domain: [-6, 6],
    batch: (x) => ({ chosen: [x / 2], rejected: [-x / 2] }),
    curves: named,
  },
};

/** Values of batch fields that only some losses have. */
const FIELDS: Batch = { gold: [-1], kl: 0, lengths: { chosen: [30], rejected: [30] }, nll: 0, rewards: [[2, 1, 0]], sequentialKl: zero };

/** Values of options that have no default. */
export const REQUIRED: Options = { alpha: 0.1, beta: 2, gamma: 0.5 };

const option = (name: string, values: readonly number[]): LossCurve[] => values.map((value) => [`${name} ${value}`, { [name]: value }]);
const divergesBy = (kl: number): LossCurve => [
  `sequentialKl ${kl} on the rejected side`,
  {},
  { sequentialKl: { chosen: [0], rejected: [kl] } },
];

/** Curves of losses whose plot shows other curves than their kind, or labels them differently. */
const CURVES: Readonly<Partial<Record<LossName, readonly LossCurve[]>>> = {
  dpo: [['no smoothing'], ['labelSmoothing 0.2', { labelSmoothing: 0.2 }], ['offset 2', { offset: 2 }]],
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
  ],
  calDpo: [['beta 0.1']],
  rDpo: [-20, 0, 20].map((longer) => [`chosen - rejected length ${longer}`, {}, { lengths: { chosen: [30 + longer], rejected: [30] } }]),
  tdpo1: [0, 10].map(divergesBy),
  tdpo2: [0, 10].map(divergesBy),
  cpo: [['beta 0.1']],
  simpo: option('gamma', [0, 1]),
  alphaPo: option('alpha', [-0.5, 0.25, 1]),
  orpo: option('lambda', [1]),
  slic: [['delta 1, lambda 0.1']],
  simper: [['no hyperparameters']],
  tpo: [
    ['cpo', { beta: 1 }],
    ['simpo, gamma 0.5', { contrastive: 'simpo', beta: 2, gamma: 0.5 }],
    ['hinge', { contrastive: 'hinge', beta: 1 }],
  ],
  bradleyTerry: [['margin 0'], ['margin 1', { margin: 1 }]],
};

/** Returns how a loss is plotted. */
function kindOf(name: LossName): Kind {
  const { kind, logps } = pf.losses[name];
  if (name === 'slic') return free(FREE_SUMS.axis, 3, -2); // its kink is at 1 nat
  return kind === 'referenceFreePairs' && logps === 'sum' ? FREE_SUMS : KINDS[kind];
}

/** Returns the values of `names`, all of which `table` must contain. */
export const pick = (table: Readonly<Record<string, unknown>>, names: readonly string[], what: string): Record<string, unknown> =>
  Object.fromEntries(
    names.map((name) => {
      if (!(name in table)) throw new Error(`tools/docs/plotted.ts: ${what} lacks a value for ${name}`);
      return [name, table[name]];
    }),
  );

/** Returns the plot of a loss of the catalogue. */
function ofLoss(name: LossName): Plotted {
  const { loss, fields, required } = pf.lossNamed(name);
  const { axis, domain, batch, curves } = kindOf(name);
  const [given, needed] = [pick(FIELDS, fields, 'FIELDS'), pick(REQUIRED, required, 'REQUIRED')];
  return {
    axis,
    domain,
    curves: (CURVES[name] ?? curves(name)).map(([label, own, more]): Curve => {
      const options = { ...needed, ...own };
      return [label, (x) => loss<number[]>({ ...batch(x, options), ...given, ...more }, options)[0]!];
    }),
  };
}

/** Plots of functions that are not in the catalogue. */
const OTHERS: Readonly<Record<string, Plotted>> = {
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
