import { lossNamed, type LossName } from 'prefloss/core';
import { axisOf, REQUIRED } from '../../../tools/docs/axes.js';

/** A number that a slider moves, or a word to choose. */
export type Knob = NumberKnob | ChoiceKnob;

export interface NumberKnob {
  /** Name of an option, path of a batch field, or `level`. */
  readonly name: string;
  readonly low: number;
  readonly high: number;
  readonly step: number;
  readonly start: number;
  /** What the page calls it. Default: its name. */
  readonly label?: string;
  /** What it is, if that does not say. */
  readonly meaning?: string;
  /** Whether it exists with the current choices. Default: always. */
  readonly isUsed?: (values: Values) => boolean;
}

interface ChoiceKnob {
  readonly name: string;
  readonly choices: readonly string[];
  readonly start: string;
  /** Whether it exists with the current choices. Default: always. */
  readonly isUsed?: (values: Values) => boolean;
}

/** The settings of the knobs of a loss, by name. */
export type Values = Readonly<Record<string, number | string>>;

const number = (name: string, low: number, high: number, step: number, start: number, rest: Partial<NumberKnob> = {}): NumberKnob => ({
  name,
  low,
  high,
  step,
  start,
  ...rest,
});

// `start` is the default of the option, which a test compares.
const beta = number('beta', 0.01, 1, 0.01, 0.1);
const labelSmoothing = number('labelSmoothing', 0, 0.49, 0.01, 0);
const eta = number('eta', 0.1, 5, 0.1, 1);
const delta = number('delta', -5, 5, 0.1, 0);
const error: Knob = { name: 'error', choices: ['squared', 'absolute'], start: 'squared' };
const tau = number('tau', 0.1, 5, 0.1, 1);
const weights = [number('desirableWeight', 0, 4, 0.05, 1), number('undesirableWeight', 0, 4, 0.05, 1)];
const perToken = number('beta', 0.1, 10, 0.1, REQUIRED.beta as number);
const gamma = number('gamma', -1, 4, 0.05, REQUIRED.gamma as number);

/** The options of each loss. */
const OPTIONS: Readonly<Record<LossName, readonly Knob[]>> = {
  dpo: [beta, number('preference', 0, 1, 0.01, 1), number('offset', -5, 5, 0.1, 0)],
  robustDpo: [beta, labelSmoothing],
  ipo: [beta],
  hinge: [beta],
  exoPair: [beta, number('labelSmoothing', 0.001, 0.499, 0.001, 0.001)],
  ncaPair: [beta],
  bcoPair: [beta, delta],
  sppo: [beta, number('preference', 0, 1, 0.01, 1)],
  apoZero: [beta],
  apoDown: [beta],
  discopop: [beta, number('tau', 0.01, 1, 0.01, 0.05)],
  aot: [beta, labelSmoothing],
  aotUnpaired: [beta, labelSmoothing],
  dpop: [beta, number('lambda', 0, 100, 1, 50)],
  fDpo: [
    beta,
    { name: 'divergence', choices: ['reverseKl', 'forwardKl', 'jensenShannon', 'alpha', 'chiSquaredKl'], start: 'reverseKl' },
    number('alpha', 0.05, 1, 0.05, 0.5, { isUsed: ({ divergence }) => divergence === 'alpha' }),
  ],
  calDpo: [beta, number('calibrationWeight', 0, 4, 0.05, 1)],
  rDpo: [beta, number('alpha', -0.5, 0.5, 0.01, REQUIRED.alpha as number)],
  tdpo1: [beta],
  tdpo2: [beta, number('alpha', 0, 2, 0.05, 0.5)],
  rpoBackwardKl: [beta, eta],
  rpoForwardKl: [beta, eta],
  rpoSquared: [beta, eta],
  rebel: [number('eta', 0.1, 20, 0.1, 1)],
  dpoShift: [beta, number('lambda', 0.05, 1, 0.05, REQUIRED.lambda as number)],
  raoKupper: [beta, number('nu', 1.05, 10, 0.05, 3)],
  davidson: [beta, number('nu', 0.05, 5, 0.05, 1)],
  alphaDpo: [number('alpha', 0, 1, 0.05, REQUIRED.alpha as number), perToken, gamma, labelSmoothing],
  cpo: [beta, labelSmoothing],
  simpo: [perToken, gamma, labelSmoothing],
  alphaPo: [number('alpha', -1, 1, 0.1, REQUIRED.alpha as number), perToken, gamma, labelSmoothing],
  repo: [gamma],
  orpo: [number('lambda', 0, 2, 0.05, 0.1)],
  slic: [number('delta', 0, 3, 0.05, 1), number('lambda', 0, 1, 0.01, 0.1)],
  simper: [],
  kto: [beta, ...weights],
  apoZeroUnpaired: [beta, ...weights],
  bco: [beta, delta, ...weights],
  npo: [beta],
  anchor: [beta, delta],
  regression: [beta, error],
  qrpo: [
    beta,
    error,
    { name: 'transform', choices: ['identity', 'log', 'normal'], start: 'identity' },
    {
      name: 'partition',
      choices: ['exact', 'simplified'],
      start: 'exact',
      isUsed: ({ transform }) => transform === 'identity',
    },
  ],
  simNpo: [number('beta', 0.1, 10, 0.1, 0.1), gamma],
  plackettLuce: [beta],
  softmaxDpo: [beta],
  exo: [beta, tau],
  infoNca: [beta, tau],
  nca: [beta, tau],
  lipo: [beta],
  pro: [],
  rrhf: [],
  bradleyTerry: [number('margin', -2, 4, 0.05, 0), number('scale', 0, 4, 0.05, 1), number('centering', 0, 1, 0.01, 0)],
};

/** The batch fields that only some losses have. */
const INPUTS: Readonly<Record<string, readonly NumberKnob[]>> = {
  kl: [number('kl', 0, 20, 0.1, 0, { meaning: 'KL estimate of the batch, nats' })],
  lengths: [
    number('lengths.chosen', 1, 100, 1, 40, { meaning: 'tokens of the chosen side' }),
    number('lengths.rejected', 1, 100, 1, 30, { meaning: 'tokens of the rejected side' }),
  ],
  nll: [number('nll', 0, 5, 0.05, 0, { meaning: 'negative log-likelihood of the batch, nats per token' })],
  quantile: [number('quantile', 0.01, 0.99, 0.01, 0.75, { meaning: 'quantile of the reward' })],
  rewards: [],
  'rewards of pairs': [
    number('rewards.chosen', -5, 5, 0.1, 2, { meaning: 'given reward of the chosen side' }),
    number('rewards.rejected', -5, 5, 0.1, 0, { meaning: 'given reward of the rejected side' }),
  ],
  sequentialKl: [
    number('sequentialKl.chosen', 0, 20, 0.1, 0, { meaning: 'KL over the chosen completion, nats' }),
    number('sequentialKl.rejected', 0, 20, 0.1, 5, { meaning: 'KL over the rejected completion, nats' }),
  ],
  target: [number('target', -5, 5, 0.1, 0.5, { meaning: 'reward that is fitted' })],
  statistics: [
    number('statistics.mean', -2, 2, 0.05, 0, { meaning: 'running mean of the margins, nats per token' }),
    number('statistics.std', 0.1, 2, 0.05, 1, { meaning: 'running standard deviation of the margins, nats per token' }),
  ],
  tie: [], // a curve for each value
};

/** Losses that depend on the difference of the two sides only, so that moving both changes nothing; or do unless a choice is made. */
const IGNORES_LEVEL: Readonly<Partial<Record<LossName, true | ((values: Values) => boolean)>>> = {
  dpo: true,
  robustDpo: true,
  ipo: true,
  hinge: true,
  exoPair: true,
  discopop: true,
  aot: true,
  aotUnpaired: true,
  fDpo: ({ divergence }) => divergence === 'reverseKl',
  rDpo: true,
  rpoBackwardKl: true,
  rpoForwardKl: true,
  rpoSquared: true,
  rebel: true,
  dpoShift: ({ lambda }) => lambda === 1,
  raoKupper: true,
  davidson: true,
  alphaDpo: true,
  repo: true,
  tdpo1: true,
  tdpo2: true,
  cpo: true,
  simpo: true,
  bradleyTerry: ({ centering }) => centering === 0,
};

/** What moves both sides of a pair together. */
function levelOf(name: LossName): readonly NumberKnob[] {
  const { level, domain } = axisOf(name);
  const ignores = IGNORES_LEVEL[name] ?? false;
  if (level === undefined || ignores === true) return [];
  const half = domain[1] / 2;
  // Log-probs stay at most 0 on both sides; log-ratios and rewards have no bound.
  const [low, high, step] = level === 0 ? [-half, half, half / 100] : [2 * level, -half, -level / 100];
  const label = 'middle of both sides';
  const meaning = 'moves both sides together; their difference stays';
  const isUsed = ignores ? (values: Values) => !ignores(values) : () => true;
  return [number('level', low, high, step, level, { label, meaning, isUsed })];
}

/** All knobs of a loss: its options, its other inputs, and the level of a pair. */
export const knobsOf = (name: LossName): readonly Knob[] => [
  ...OPTIONS[name],
  ...lossNamed(name).fields.flatMap((field) => INPUTS[lossNamed(name).kind === 'pairs' ? `${field} of pairs` : field] ?? INPUTS[field]!),
  ...levelOf(name),
];

/** The names of the options among the knobs of a loss. */
export const optionNames = (name: LossName): readonly string[] => OPTIONS[name].map((knob) => knob.name);

/** Every knob where it starts. */
export const startOf = (name: LossName): Values => Object.fromEntries(knobsOf(name).map((knob) => [knob.name, knob.start]));

/** The knobs that the current choices leave. */
export const usedKnobs = (name: LossName, values: Values): readonly Knob[] =>
  knobsOf(name).filter((knob) => !('isUsed' in knob) || knob.isUsed(values));
