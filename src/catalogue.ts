import { describe } from './backend/describe.js';
import type { Operand, OrPlain, Statistic } from './backend/types.js';
import type { LossKind } from './internal/lossKind.js';
import type { Pair } from './logprobs/pairs.js';
import * as all from './losses/index.js';
import type { MarginStatistics } from './losses/adaptiveBeta.js';

/** Properties of a loss in the catalogue. */
export interface LossEntry {
  /** Contents of its first argument. */
  readonly kind: LossKind;
  /**
   * Whether its log-probs are sums over the completion or means per token; `'either'` if the caller may choose, `'none'` if it
   * takes no log-probs.
   */
  readonly logps: 'sum' | 'mean' | 'either' | 'none';
  /** Fields of the first argument in addition to those of its kind. All are required, except `nll` of `orpo`. */
  readonly fields: readonly string[];
  /**
   * Options that every call must give. For losses that also take `gammaBetaRatio`, `gamma` stands for the target margin: exactly
   * one of the two is required.
   */
  readonly required: readonly string[];
  /** Options that accept a number, a scalar, or a tensor `[B]` with one number per example. */
  readonly perExample: readonly string[];
  /**
   * How each value depends on the other examples of the batch. `'nothing'`: not at all. `'statistics'`: through a statistic
   * that the caller passes in, so that the parts of a batch can share it. `'order'`: through the order of the sorted batch, so
   * that the parts of a batch in general have different losses.
   */
  readonly coupling: 'nothing' | 'statistics' | 'order';
  /**
   * If the coupling is `'statistics'`, the names of two functions of this library. The first gives the sums of a part of the batch,
   * which `addStatistics` adds up; the second turns the total into the argument: the field `kl` or `statistics`, or the option
   * `delta`. Otherwise empty.
   */
  readonly statistics: readonly string[];
  /** arXiv number of the paper that describes it. */
  readonly paper: string;
}

/** A row of the catalogue; omitted properties have the values of `DEFAULTS`. */
type Row = Omit<LossEntry, keyof typeof DEFAULTS> & Partial<LossEntry>;

const DEFAULTS = { fields: [], required: [], perExample: [], coupling: 'nothing', statistics: [] } as const;

const rows = {
  dpo: { loss: all.dpo, kind: 'pairs', logps: 'sum', perExample: ['beta', 'offset', 'preference'], paper: '2305.18290' },
  robustDpo: { loss: all.robustDpo, kind: 'pairs', logps: 'sum', perExample: ['beta'], paper: '2403.00409' },
  ipo: { loss: all.ipo, kind: 'pairs', logps: 'either', perExample: ['beta'], paper: '2310.12036' },
  hinge: { loss: all.hinge, kind: 'pairs', logps: 'sum', perExample: ['beta'], paper: '2309.06657' },
  exoPair: { loss: all.exoPair, kind: 'pairs', logps: 'sum', perExample: ['beta'], paper: '2402.00856' },
  ncaPair: { loss: all.ncaPair, kind: 'pairs', logps: 'sum', perExample: ['beta'], paper: '2402.05369' },
  bcoPair: {
    loss: all.bcoPair,
    kind: 'pairs',
    logps: 'sum',
    perExample: ['beta', 'delta'],
    coupling: 'statistics',
    statistics: ['rewardStatistics', 'rewardShift'],
    paper: '2404.04656',
  },
  sppo: { loss: all.sppo, kind: 'pairs', logps: 'sum', perExample: ['beta', 'preference'], paper: '2405.00675' },
  apoZero: { loss: all.apoZero, kind: 'pairs', logps: 'sum', perExample: ['beta'], paper: '2408.06266' },
  apoDown: { loss: all.apoDown, kind: 'pairs', logps: 'sum', perExample: ['beta'], paper: '2408.06266' },
  discopop: { loss: all.discopop, kind: 'pairs', logps: 'sum', perExample: ['beta'], paper: '2406.08414' },
  aot: { loss: all.aot, kind: 'pairs', logps: 'sum', coupling: 'order', paper: '2406.05882' },
  aotUnpaired: { loss: all.aotUnpaired, kind: 'pairs', logps: 'sum', coupling: 'order', paper: '2406.05882' },
  dpop: { loss: all.dpop, kind: 'pairs', logps: 'sum', perExample: ['beta'], paper: '2402.13228' },
  fDpo: { loss: all.fDpo, kind: 'pairs', logps: 'sum', perExample: ['beta'], paper: '2309.16240' },
  calDpo: { loss: all.calDpo, kind: 'pairs', logps: 'sum', perExample: ['beta'], paper: '2412.14516' },
  rDpo: {
    loss: all.rDpo,
    kind: 'pairs',
    logps: 'sum',
    fields: ['lengths'],
    required: ['alpha'],
    perExample: ['beta'],
    paper: '2403.19159',
  },
  tdpo1: { loss: all.tdpo1, kind: 'pairs', logps: 'sum', fields: ['sequentialKl'], perExample: ['beta'], paper: '2404.11999' },
  tdpo2: { loss: all.tdpo2, kind: 'pairs', logps: 'sum', fields: ['sequentialKl'], perExample: ['beta'], paper: '2404.11999' },
  rpoBackwardKl: { loss: all.rpoBackwardKl, kind: 'pairs', logps: 'sum', fields: ['rewards'], perExample: ['beta'], paper: '2406.11704' },
  rpoForwardKl: { loss: all.rpoForwardKl, kind: 'pairs', logps: 'sum', fields: ['rewards'], perExample: ['beta'], paper: '2502.00203' },
  rpoSquared: { loss: all.rpoSquared, kind: 'pairs', logps: 'sum', fields: ['rewards'], perExample: ['beta'], paper: '2502.00203' },
  rebel: { loss: all.rebel, kind: 'pairs', logps: 'sum', fields: ['rewards'], paper: '2404.16767' },
  dpoShift: { loss: all.dpoShift, kind: 'pairs', logps: 'sum', required: ['lambda'], perExample: ['beta'], paper: '2502.07599' },
  raoKupper: { loss: all.raoKupper, kind: 'pairs', logps: 'sum', fields: ['tie'], perExample: ['beta'], paper: '2409.17431' },
  davidson: { loss: all.davidson, kind: 'pairs', logps: 'sum', fields: ['tie'], perExample: ['beta'], paper: '2409.17431' },
  alphaDpo: {
    loss: all.alphaDpo,
    kind: 'pairs',
    logps: 'mean',
    fields: ['statistics'],
    required: ['alpha', 'beta', 'gamma'],
    coupling: 'statistics',
    statistics: ['marginSums', 'marginStatistics'],
    paper: '2410.10148',
  },
  cpo: { loss: all.cpo, kind: 'referenceFreePairs', logps: 'sum', perExample: ['beta'], paper: '2401.08417' },
  simpo: { loss: all.simpo, kind: 'referenceFreePairs', logps: 'mean', required: ['beta', 'gamma'], paper: '2405.14734' },
  alphaPo: { loss: all.alphaPo, kind: 'referenceFreePairs', logps: 'mean', required: ['alpha', 'beta', 'gamma'], paper: '2501.03884' },
  repo: { loss: all.repo, kind: 'referenceFreePairs', logps: 'mean', required: ['gamma'], paper: '2503.07426' },
  orpo: { loss: all.orpo, kind: 'referenceFreePairs', logps: 'mean', fields: ['nll'], paper: '2403.07691' },
  slic: { loss: all.slic, kind: 'referenceFreePairs', logps: 'sum', paper: '2305.10425' },
  simper: { loss: all.simper, kind: 'referenceFreePairs', logps: 'mean', paper: '2502.00883' },
  kto: {
    loss: all.kto,
    kind: 'examples',
    logps: 'sum',
    fields: ['kl'],
    perExample: ['beta'],
    coupling: 'statistics',
    statistics: ['klStatistics', 'klEstimate'],
    paper: '2402.01306',
  },
  apoZeroUnpaired: { loss: all.apoZeroUnpaired, kind: 'examples', logps: 'sum', perExample: ['beta'], paper: '2408.06266' },
  bco: {
    loss: all.bco,
    kind: 'examples',
    logps: 'sum',
    perExample: ['beta', 'delta', 'desirableWeight', 'undesirableWeight'],
    coupling: 'statistics',
    statistics: ['rewardStatistics', 'rewardShift'],
    paper: '2404.04656',
  },
  npo: { loss: all.npo, kind: 'completions', logps: 'sum', perExample: ['beta'], paper: '2404.05868' },
  anchor: { loss: all.anchor, kind: 'completions', logps: 'sum', perExample: ['beta'], paper: '2406.11839' },
  regression: { loss: all.regression, kind: 'completions', logps: 'sum', fields: ['target'], perExample: ['beta'], paper: '2505.20686' },
  qrpo: { loss: all.qrpo, kind: 'completions', logps: 'sum', fields: ['quantile'], paper: '2507.08068' },
  simNpo: { loss: all.simNpo, kind: 'referenceFreeCompletions', logps: 'mean', required: ['gamma'], paper: '2410.07163' },
  plackettLuce: { loss: all.plackettLuce, kind: 'lists', logps: 'sum', paper: '2305.18290' },
  softmaxDpo: { loss: all.softmaxDpo, kind: 'lists', logps: 'sum', paper: '2406.09215' },
  exo: { loss: all.exo, kind: 'lists', logps: 'sum', fields: ['rewards'], paper: '2402.00856' },
  infoNca: { loss: all.infoNca, kind: 'lists', logps: 'sum', fields: ['rewards'], paper: '2402.05369' },
  nca: { loss: all.nca, kind: 'lists', logps: 'sum', fields: ['rewards'], paper: '2402.05369' },
  lipo: { loss: all.lipo, kind: 'lists', logps: 'sum', fields: ['rewards'], paper: '2402.01878' },
  pro: { loss: all.pro, kind: 'referenceFreeLists', logps: 'mean', fields: ['rewards'], paper: '2306.17492' },
  rrhf: { loss: all.rrhf, kind: 'referenceFreeLists', logps: 'mean', fields: ['rewards'], paper: '2304.05302' },
  bradleyTerry: { loss: all.bradleyTerry, kind: 'rewards', logps: 'none', perExample: ['margin', 'scale'], paper: '2203.02155' },
} as const satisfies { readonly [Name in keyof typeof all]?: Row & { readonly loss: (typeof all)[Name] } };

/** Name of a loss in {@link losses}. */
export type LossName = keyof typeof rows;

/** Without a prototype, so that the names of its methods are not found among those of losses. */
const withDefaults = (): typeof losses =>
  Object.assign(
    Object.create(null),
    Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, { ...DEFAULTS, ...row }])),
  ) as typeof losses;

/**
 * The preference losses of this library by name, each with its properties. `lossNamed` finds one by a name that is known only at
 * run time. This object bundles all losses; importing a loss by name bundles only that loss.
 */
export const losses: { readonly [Name in LossName]: LossEntry & { readonly loss: (typeof rows)[Name]['loss'] } } =
  /* @__PURE__ */ withDefaults();

/** The first argument of a loss of any kind: the fields of all of them, of which each loss takes some. */
export type LossBatch<T> = {
  /** Log-probs under the model that is trained: of pairs, of examples or completions `[B]`, or of candidates `[B, K]`. */
  readonly policy?: Pair<T> | T | undefined;
  /** Log-probs under the model that the policy must stay close to, in the same form. */
  readonly reference?: Pair<OrPlain<NoInfer<T>>> | OrPlain<NoInfer<T>> | undefined;
  /** Log-probs of the preferred sides without a reference, or their rewards, `[B]`. */
  readonly chosen?: T | undefined;
  /** Those of the other sides. */
  readonly rejected?: T | undefined;
  /** Labels of `'examples'`. */
  readonly desirable?: OrPlain<NoInfer<T>> | undefined;
  /** The KL estimate of `kto`. */
  readonly kl?: Operand<NoInfer<T>> | undefined;
  /** Rewards that `regression` fits. */
  readonly target?: OrPlain<NoInfer<T>> | undefined;
  /** Quantiles of the rewards of `qrpo`. */
  readonly quantile?: OrPlain<NoInfer<T>> | undefined;
  /** Lengths of pairs, for `rDpo`. */
  readonly lengths?: Pair<OrPlain<NoInfer<T>>> | undefined;
  /** KL of the completions of pairs, for `tdpo1` and `tdpo2`. */
  readonly sequentialKl?: Pair<T> | undefined;
  /** Negative log-likelihood of `orpo`. */
  readonly nll?: Operand<NoInfer<T>> | undefined;
  /** Rewards of candidates, or of both sides of pairs. */
  readonly rewards?: OrPlain<NoInfer<T>> | Pair<OrPlain<NoInfer<T>>> | undefined;
  /** 1 for pairs without a preferred side, for `raoKupper` and `davidson`. */
  readonly tie?: OrPlain<NoInfer<T>> | undefined;
  /** Mean and standard deviation of the margins, for `alphaDpo`. */
  readonly statistics?: MarginStatistics<Statistic<NoInfer<T>>> | undefined;
  /** 1 for candidates, 0 for padding. */
  readonly mask?: OrPlain<NoInfer<T>> | undefined;
};

/** A loss of the catalogue under the type that all of them share. What TypeScript does not check here is checked at the call. */
export interface NamedLoss extends LossEntry {
  /** The loss: one value per example. */
  readonly loss: <T>(batch: LossBatch<T>, options?: object) => T;
}

/**
 * Returns a loss by name, for code driven by a configuration.
 *
 * @param name - A key of {@link losses}.
 * @returns The loss and its properties.
 * @throws RangeError if no loss has that name.
 *
 * @example
 * ```ts
 * import { lossNamed } from 'prefloss';
 * const config = { loss: 'hinge', options: { beta: 0.25 } };
 * const { loss, kind } = lossNamed(config.loss);
 * const logps = { policy: { chosen: [-10], rejected: [-12] }, reference: { chosen: [-11], rejected: [-11] } };
 * console.log(kind, loss(logps, config.options)[0]); // pairs 0.5
 * ```
 */
export function lossNamed(name: string): NamedLoss {
  if (!Object.hasOwn(losses, name)) {
    throw new RangeError(`lossNamed: name must be one of ${Object.keys(losses).join(', ')}, got ${describe(name)}`);
  }
  return losses[name as LossName] as unknown as NamedLoss;
}
