import * as all from './losses/index.js';

/** What the catalogue says of a loss. */
export interface LossEntry {
  /**
   * What its first argument holds. `'pairs'`: policy and reference log-probs of preference pairs. `'referenceFreePairs'`:
   * those of the policy alone. `'examples'`: policy and reference log-probs of single, labelled completions. `'lists'` and
   * `'referenceFreeLists'`: those of K candidates. `'rewards'`: scores of a reward model.
   */
  readonly kind: 'pairs' | 'referenceFreePairs' | 'examples' | 'lists' | 'referenceFreeLists' | 'rewards';
  /** Whether its log-probs are sums over the completion or means per token; `'either'` where the caller may choose. */
  readonly logps: 'sum' | 'mean' | 'either' | 'none';
  /** Fields of the first argument beside those of its kind. */
  readonly fields: readonly string[];
  /** Options that have no default. `gamma` may be given as `gammaBetaRatio` instead. */
  readonly required: readonly string[];
  /** Options that are a number, a scalar, or a tensor `[B]` of one number per example. */
  readonly perExample: readonly string[];
  /**
   * How each value depends on the other examples of the batch. `'nothing'`: the loss of each example is its own. `'statistics'`: sums
   * over the batch, which are given as an argument, so that parts of a batch can be added up. `'order'`: the other examples
   * themselves.
   */
  readonly coupling: 'nothing' | 'statistics' | 'order';
  /** The arXiv number of the paper that published it. */
  readonly paper: string;
}

/** A row of the catalogue: what is left out has the value of `DEFAULTS`. */
type Row = Omit<LossEntry, keyof typeof DEFAULTS> & Partial<LossEntry>;

const DEFAULTS = { fields: [], required: [], perExample: [], coupling: 'nothing' } as const;

const rows = {
  dpo: { loss: all.dpo, kind: 'pairs', logps: 'sum', perExample: ['beta', 'offset'], paper: '2305.18290' },
  robustDpo: { loss: all.robustDpo, kind: 'pairs', logps: 'sum', perExample: ['beta'], paper: '2403.00409' },
  ipo: { loss: all.ipo, kind: 'pairs', logps: 'either', perExample: ['beta'], paper: '2310.12036' },
  hinge: { loss: all.hinge, kind: 'pairs', logps: 'sum', perExample: ['beta'], paper: '2309.06657' },
  exoPair: { loss: all.exoPair, kind: 'pairs', logps: 'sum', perExample: ['beta'], paper: '2402.00856' },
  ncaPair: { loss: all.ncaPair, kind: 'pairs', logps: 'sum', perExample: ['beta'], paper: '2402.05369' },
  bcoPair: { loss: all.bcoPair, kind: 'pairs', logps: 'sum', perExample: ['beta', 'delta'], coupling: 'statistics', paper: '2404.04656' },
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
  cpo: { loss: all.cpo, kind: 'referenceFreePairs', logps: 'sum', perExample: ['beta'], paper: '2401.08417' },
  simpo: { loss: all.simpo, kind: 'referenceFreePairs', logps: 'mean', required: ['beta', 'gamma'], paper: '2405.14734' },
  alphaPo: { loss: all.alphaPo, kind: 'referenceFreePairs', logps: 'mean', required: ['alpha', 'beta', 'gamma'], paper: '2501.03884' },
  orpo: { loss: all.orpo, kind: 'referenceFreePairs', logps: 'mean', fields: ['nll'], paper: '2403.07691' },
  slic: { loss: all.slic, kind: 'referenceFreePairs', logps: 'sum', paper: '2305.10425' },
  simper: { loss: all.simper, kind: 'referenceFreePairs', logps: 'mean', paper: '2502.00883' },
  tpo: { loss: all.tpo, kind: 'referenceFreePairs', logps: 'either', fields: ['gold'], paper: '2405.16681' },
  kto: { loss: all.kto, kind: 'examples', logps: 'sum', fields: ['kl'], perExample: ['beta'], coupling: 'statistics', paper: '2402.01306' },
  apoZeroUnpaired: { loss: all.apoZeroUnpaired, kind: 'examples', logps: 'sum', perExample: ['beta'], paper: '2408.06266' },
  bco: {
    loss: all.bco,
    kind: 'examples',
    logps: 'sum',
    perExample: ['beta', 'delta', 'desirableWeight', 'undesirableWeight'],
    coupling: 'statistics',
    paper: '2404.04656',
  },
  plackettLuce: { loss: all.plackettLuce, kind: 'lists', logps: 'sum', paper: '2305.18290' },
  softmaxDpo: { loss: all.softmaxDpo, kind: 'lists', logps: 'sum', paper: '2406.09215' },
  exo: { loss: all.exo, kind: 'lists', logps: 'sum', fields: ['rewards'], paper: '2402.00856' },
  infoNca: { loss: all.infoNca, kind: 'lists', logps: 'sum', fields: ['rewards'], paper: '2402.05369' },
  nca: { loss: all.nca, kind: 'lists', logps: 'sum', fields: ['rewards'], paper: '2402.05369' },
  lipo: { loss: all.lipo, kind: 'lists', logps: 'sum', fields: ['rewards'], paper: '2402.01878' },
  pro: { loss: all.pro, kind: 'referenceFreeLists', logps: 'mean', fields: ['rewards'], paper: '2306.17492' },
  rrhf: { loss: all.rrhf, kind: 'referenceFreeLists', logps: 'mean', fields: ['rewards'], paper: '2304.05302' },
  bradleyTerry: { loss: all.bradleyTerry, kind: 'rewards', logps: 'none', perExample: ['margin'], paper: '2203.02155' },
} as const satisfies { readonly [Name in keyof typeof all]?: Row & { readonly loss: (typeof all)[Name] } };

/** The name of a loss in {@link losses}. */
export type LossName = keyof typeof rows;

const withDefaults = (): typeof losses =>
  Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, { ...DEFAULTS, ...row }])) as unknown as typeof losses;

/**
 * Every preference loss of this library by name, for research code that is driven by a configuration:
 * `losses[config.loss].loss(logps, config.options)`. Importing a loss by its own name bundles only that loss.
 */
export const losses: { readonly [Name in LossName]: LossEntry & { readonly loss: (typeof rows)[Name]['loss'] } } =
  /* @__PURE__ */ withDefaults();
