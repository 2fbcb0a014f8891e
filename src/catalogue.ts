import { alphaPo } from './losses/alphaPo.js';
import { aot } from './losses/aot.js';
import { aotUnpaired } from './losses/aotUnpaired.js';
import { apoDown } from './losses/apoDown.js';
import { apoZero } from './losses/apoZero.js';
import { apoZeroUnpaired } from './losses/apoZeroUnpaired.js';
import { bco } from './losses/bco.js';
import { bcoPair } from './losses/bcoPair.js';
import { bradleyTerry } from './losses/bradleyTerry.js';
import { calDpo } from './losses/calDpo.js';
import { cpo } from './losses/cpo.js';
import { discopop } from './losses/discopop.js';
import { dpo } from './losses/dpo.js';
import { dpop } from './losses/dpop.js';
import { exo } from './losses/exo.js';
import { exoPair } from './losses/exoPair.js';
import { fDpo } from './losses/fDpo.js';
import { hinge } from './losses/hinge.js';
import { infoNca } from './losses/infoNca.js';
import { ipo } from './losses/ipo.js';
import { kto } from './losses/kto.js';
import { lipo } from './losses/lipo.js';
import { nca } from './losses/nca.js';
import { ncaPair } from './losses/ncaPair.js';
import { orpo } from './losses/orpo.js';
import { plackettLuce } from './losses/plackettLuce.js';
import { pro } from './losses/pro.js';
import { rDpo } from './losses/rDpo.js';
import { robustDpo } from './losses/robustDpo.js';
import { rrhf } from './losses/rrhf.js';
import { simper } from './losses/simper.js';
import { simpo } from './losses/simpo.js';
import { slic } from './losses/slic.js';
import { softmaxDpo } from './losses/softmaxDpo.js';
import { sppo } from './losses/sppo.js';
import { tdpo1 } from './losses/tdpo1.js';
import { tdpo2 } from './losses/tdpo2.js';
import { tpo } from './losses/tpo.js';

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
  /** Options that have no default. */
  readonly required: readonly string[];
  /**
   * What of the other examples a value depends on. `'nothing'`: the loss of each example is its own. `'statistics'`: sums
   * over the batch, which are given as an argument, so that parts of a batch can be added up. `'order'`: the other examples
   * themselves.
   */
  readonly coupling: 'nothing' | 'statistics' | 'order';
  /** The arXiv number of the paper that published it. */
  readonly paper: string;
}

const entries = {
  dpo: { loss: dpo, kind: 'pairs', logps: 'sum', fields: [], required: [], coupling: 'nothing', paper: '2305.18290' },
  robustDpo: { loss: robustDpo, kind: 'pairs', logps: 'sum', fields: [], required: [], coupling: 'nothing', paper: '2403.00409' },
  ipo: { loss: ipo, kind: 'pairs', logps: 'either', fields: [], required: [], coupling: 'nothing', paper: '2310.12036' },
  hinge: { loss: hinge, kind: 'pairs', logps: 'sum', fields: [], required: [], coupling: 'nothing', paper: '2309.06657' },
  exoPair: { loss: exoPair, kind: 'pairs', logps: 'sum', fields: [], required: [], coupling: 'nothing', paper: '2402.00856' },
  ncaPair: { loss: ncaPair, kind: 'pairs', logps: 'sum', fields: [], required: [], coupling: 'nothing', paper: '2402.05369' },
  bcoPair: { loss: bcoPair, kind: 'pairs', logps: 'sum', fields: [], required: [], coupling: 'statistics', paper: '2404.04656' },
  sppo: { loss: sppo, kind: 'pairs', logps: 'sum', fields: [], required: [], coupling: 'nothing', paper: '2405.00675' },
  apoZero: { loss: apoZero, kind: 'pairs', logps: 'sum', fields: [], required: [], coupling: 'nothing', paper: '2408.06266' },
  apoDown: { loss: apoDown, kind: 'pairs', logps: 'sum', fields: [], required: [], coupling: 'nothing', paper: '2408.06266' },
  discopop: { loss: discopop, kind: 'pairs', logps: 'sum', fields: [], required: [], coupling: 'nothing', paper: '2406.08414' },
  aot: { loss: aot, kind: 'pairs', logps: 'sum', fields: [], required: [], coupling: 'order', paper: '2406.05882' },
  aotUnpaired: { loss: aotUnpaired, kind: 'pairs', logps: 'sum', fields: [], required: [], coupling: 'order', paper: '2406.05882' },
  dpop: { loss: dpop, kind: 'pairs', logps: 'sum', fields: [], required: [], coupling: 'nothing', paper: '2402.13228' },
  fDpo: { loss: fDpo, kind: 'pairs', logps: 'sum', fields: [], required: [], coupling: 'nothing', paper: '2309.16240' },
  calDpo: { loss: calDpo, kind: 'pairs', logps: 'sum', fields: [], required: [], coupling: 'nothing', paper: '2412.14516' },
  rDpo: { loss: rDpo, kind: 'pairs', logps: 'sum', fields: ['lengths'], required: ['alpha'], coupling: 'nothing', paper: '2403.19159' },
  tdpo1: { loss: tdpo1, kind: 'pairs', logps: 'sum', fields: ['sequentialKl'], required: [], coupling: 'nothing', paper: '2404.11999' },
  tdpo2: { loss: tdpo2, kind: 'pairs', logps: 'sum', fields: ['sequentialKl'], required: [], coupling: 'nothing', paper: '2404.11999' },
  cpo: { loss: cpo, kind: 'referenceFreePairs', logps: 'sum', fields: [], required: [], coupling: 'nothing', paper: '2401.08417' },
  simpo: {
    loss: simpo,
    kind: 'referenceFreePairs',
    logps: 'mean',
    fields: [],
    required: ['beta', 'gamma'],
    coupling: 'nothing',
    paper: '2405.14734',
  },
  alphaPo: {
    loss: alphaPo,
    kind: 'referenceFreePairs',
    logps: 'mean',
    fields: [],
    required: ['alpha', 'beta', 'gamma'],
    coupling: 'nothing',
    paper: '2501.03884',
  },
  orpo: { loss: orpo, kind: 'referenceFreePairs', logps: 'mean', fields: ['nll'], required: [], coupling: 'nothing', paper: '2403.07691' },
  slic: { loss: slic, kind: 'referenceFreePairs', logps: 'sum', fields: [], required: [], coupling: 'nothing', paper: '2305.10425' },
  simper: { loss: simper, kind: 'referenceFreePairs', logps: 'mean', fields: [], required: [], coupling: 'nothing', paper: '2502.00883' },
  tpo: { loss: tpo, kind: 'referenceFreePairs', logps: 'either', fields: ['gold'], required: [], coupling: 'nothing', paper: '2405.16681' },
  kto: { loss: kto, kind: 'examples', logps: 'sum', fields: ['kl'], required: [], coupling: 'statistics', paper: '2402.01306' },
  apoZeroUnpaired: {
    loss: apoZeroUnpaired,
    kind: 'examples',
    logps: 'sum',
    fields: [],
    required: [],
    coupling: 'nothing',
    paper: '2408.06266',
  },
  bco: { loss: bco, kind: 'examples', logps: 'sum', fields: [], required: [], coupling: 'statistics', paper: '2404.04656' },
  plackettLuce: { loss: plackettLuce, kind: 'lists', logps: 'sum', fields: [], required: [], coupling: 'nothing', paper: '2305.18290' },
  softmaxDpo: { loss: softmaxDpo, kind: 'lists', logps: 'sum', fields: [], required: [], coupling: 'nothing', paper: '2406.09215' },
  exo: { loss: exo, kind: 'lists', logps: 'sum', fields: ['rewards'], required: [], coupling: 'nothing', paper: '2402.00856' },
  infoNca: { loss: infoNca, kind: 'lists', logps: 'sum', fields: ['rewards'], required: [], coupling: 'nothing', paper: '2402.05369' },
  nca: { loss: nca, kind: 'lists', logps: 'sum', fields: ['rewards'], required: [], coupling: 'nothing', paper: '2402.05369' },
  lipo: { loss: lipo, kind: 'lists', logps: 'sum', fields: ['rewards'], required: [], coupling: 'nothing', paper: '2402.01878' },
  pro: {
    loss: pro,
    kind: 'referenceFreeLists',
    logps: 'mean',
    fields: ['rewards'],
    required: [],
    coupling: 'nothing',
    paper: '2306.17492',
  },
  rrhf: {
    loss: rrhf,
    kind: 'referenceFreeLists',
    logps: 'mean',
    fields: ['rewards'],
    required: [],
    coupling: 'nothing',
    paper: '2304.05302',
  },
  bradleyTerry: { loss: bradleyTerry, kind: 'rewards', logps: 'none', fields: [], required: [], coupling: 'nothing', paper: '2203.02155' },
} as const satisfies Record<string, LossEntry & { readonly loss: (...args: never[]) => unknown }>;

/** The name of a loss in {@link losses}. */
export type LossName = keyof typeof entries;

/**
 * Every preference loss of this library by name, for research code that is driven by a configuration:
 * `losses[config.loss].loss(logps, config.options)`. Who imports a loss by its own name bundles that one alone.
 */
export const losses: { readonly [Name in LossName]: LossEntry & { readonly loss: (typeof entries)[Name]['loss'] } } = entries;
