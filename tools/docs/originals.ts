/** A loss of another library, and the call of prefloss that computes the same numbers. */
export interface Original {
  /** The other library. */
  readonly library: string;
  /** Its name in that library: class and options. */
  readonly name: string;
  /** The function of prefloss, which is also the name of its golden file. */
  readonly loss: string;
  /**
   * The call of prefloss, with the names of the golden file's options, and `logps`, `batch` or `rewards` for its inputs. A test runs it
   * against the golden values of `source`.
   */
  readonly call: string;
  /** The source of the golden values. */
  readonly source: string;
  /** Differences that a user must know. */
  readonly note?: string;
  /** The factor between the losses of the original and the golden values, which are those of our function. If omitted, 1. */
  readonly timesGolden?: (options: Readonly<Record<string, unknown>>) => number;
  /** Whether a golden record applies to this call. If omitted, all records do. */
  readonly applies?: (input: string, options: Readonly<Record<string, unknown>>) => boolean;
}

/** A method of another library that a section of the docs computes in several calls. The test of its golden file compares them. */
export interface OriginalRecipe {
  /** The other library, as in {@link Original}. */
  readonly library: string;
  /** Its name in that library. */
  readonly name: string;
  /** The section, as a link in docs/migration.md. */
  readonly section: string;
  /** The golden file, and the source of its values. */
  readonly golden: string;
  readonly source: string;
  /** Differences that a user must know. */
  readonly note?: string;
}

type Applies = NonNullable<Original['applies']>;

const TRL = 'trl-1.16.0';
const LEGACY = 'trl-0.27.2';
const withReference: Applies = (input) => !input.includes('Mean');
const isMeans: Applies = (input) => input.includes('Mean');
const plain: Applies = (_, options) => ['labelSmoothing', 'offset', 'preference'].every((name) => options[name] === undefined);
const smoothed: Applies = (_, options) => options.labelSmoothing !== undefined;
const divergence =
  (name: string): Applies =>
  (_, options) =>
    options.divergence === name;
const contrastive =
  (name: string): Applies =>
  (_, options) =>
    options.contrastive === name;
const given =
  (name: string): Applies =>
  (_, options) =>
    options[name] !== undefined;

const dpoTrainer = (lossType: string): string => `DPOTrainer, \`loss_type="${lossType}"\``;
const cpoTrainer = (lossType: string): string => `CPOTrainer, \`loss_type="${lossType}"\``;
const ligerDpo = (lossType: string): string => `LigerFusedLinearDPOLoss, \`loss_type="${lossType}"\``;
const MEANS = 'pass mean log-probs';
const RPO = '`eta` is its `gt_reward_scale`; not the `rpo_alpha` of TRL, which is `dpo` plus `nll`';

/** Losses of TRL's DPO trainer that Liger has under the same name. */
const SHARED: readonly (readonly [lossType: string, loss: string, call: string])[] = [
  ['hinge', 'hinge', 'hinge(logps, { beta })'],
  ['exo_pair', 'exoPair', 'exoPair(logps, { beta, labelSmoothing })'],
  ['nca_pair', 'ncaPair', 'ncaPair(logps, { beta })'],
  ['robust', 'robustDpo', 'robustDpo(logps, { beta, labelSmoothing })'],
  ['bco_pair', 'bcoPair', 'bcoPair(logps, { beta })'],
  ['sppo_hard', 'sppo', 'sppo(logps, { beta })'],
  ['apo_zero', 'apoZero', 'apoZero(logps, { beta })'],
  ['apo_down', 'apoDown', 'apoDown(logps, { beta })'],
  ['discopop', 'discopop', 'discopop(logps, { beta, tau })'],
];

const shared = (library: string, source: string, nameOf: (lossType: string) => string): Original[] =>
  SHARED.map(([lossType, loss, call]) => ({
    library,
    name: nameOf(lossType),
    loss,
    call,
    source,
    ...(loss === 'hinge' && { applies: withReference }),
  }));

/** The divergences of a trainer whose `beta` selects them. */
const distillation = (library: string, source: string, name: string): Original[] =>
  (
    [
      ['beta=0', 'forwardKl', ''],
      ['beta=1', 'reverseKl', ''],
      ['beta', 'jensenShannon', ', weight'],
    ] as const
  ).map(([beta, chosen, weight]) => ({
    library,
    name: `${name}, \`${beta}\``,
    loss: 'tokenDivergence',
    call: `tokenDivergence(batch.policy, batch.reference, { divergence: '${chosen}'${weight} })`,
    source,
    applies: divergence(chosen),
    note: `of logits divided by the temperature${weight && '; `weight` is its `beta`'}`,
  }));

/** The library of methods that have only the code of their authors; the last one in docs/migration.md. */
export const AUTHORS = 'Code of the authors';

/** The losses of other libraries that are one call here. */
export const originals: readonly Original[] = [
  { library: 'TRL', name: dpoTrainer('sigmoid'), loss: 'dpo', call: 'dpo(logps, { beta })', source: TRL, applies: plain },
  { library: 'TRL', name: `${dpoTrainer('sigmoid')}, \`label_smoothing\` (up to 0.27)`, loss: 'dpo', call: 'dpo(logps, { beta, labelSmoothing })', source: LEGACY, applies: smoothed }, // prettier-ignore
  { library: 'TRL', name: dpoTrainer('sigmoid_norm'), loss: 'dpo', call: 'dpo(logps, { beta })', source: TRL, applies: plain, note: MEANS }, // prettier-ignore
  { library: 'TRL', name: dpoTrainer('ipo'), loss: 'ipo', call: 'ipo(logps, { beta })', source: TRL, applies: withReference, note: `the trainer divides by the length: ${MEANS}` }, // prettier-ignore
  ...shared('TRL', TRL, dpoTrainer),
  { library: 'TRL', name: `${dpoTrainer('bco_pair')} (up to 0.27)`, loss: 'bcoPair', call: 'bcoPair(logps, { beta, delta })', source: LEGACY, note: '`delta` is its running mean of batches' }, // prettier-ignore
  { library: 'TRL', name: dpoTrainer('aot'), loss: 'aot', call: 'aot(logps, { beta, labelSmoothing })', source: TRL },
  { library: 'TRL', name: `${dpoTrainer('aot_unpaired')} (up to 0.27: \`aot_pair\`)`, loss: 'aotUnpaired', call: 'aotUnpaired(logps, { beta, labelSmoothing })', source: TRL }, // prettier-ignore
  { library: 'TRL', name: `DPOTrainer, \`f_divergence_type="forward_kl"\``, loss: 'fDpo', call: "fDpo(logps, { beta, divergence: 'forwardKl' })", source: TRL, applies: divergence('forwardKl') }, // prettier-ignore
  { library: 'TRL', name: `DPOTrainer, \`f_divergence_type="js_divergence"\``, loss: 'fDpo', call: "fDpo(logps, { beta, divergence: 'jensenShannon' })", source: TRL, applies: divergence('jensenShannon') }, // prettier-ignore
  { library: 'TRL', name: `DPOTrainer, \`f_divergence_type="alpha_divergence"\``, loss: 'fDpo', call: "fDpo(logps, { beta, divergence: 'alpha', alpha })", source: TRL, applies: divergence('alpha'), note: '`alpha` is 1 minus the coefficient of TRL 1.x, and equal to the coefficient of 0.27' }, // prettier-ignore
  { library: 'TRL', name: dpoTrainer('sft'), loss: 'nll', call: 'nll(batch.logps, batch.mask)', source: TRL },
  { library: 'TRL', name: cpoTrainer('sigmoid'), loss: 'cpo', call: 'cpo(logps, { beta, labelSmoothing })', source: TRL, note: 'TRL adds `cpo_alpha` times `nll`' }, // prettier-ignore
  { library: 'TRL', name: cpoTrainer('hinge'), loss: 'hinge', call: 'hinge({ policy: logps }, { beta })', source: TRL, applies: isMeans },
  { library: 'TRL', name: cpoTrainer('ipo'), loss: 'ipo', call: 'ipo({ policy: logps }, { beta })', source: TRL, applies: isMeans, note: MEANS }, // prettier-ignore
  { library: 'TRL', name: cpoTrainer('simpo'), loss: 'simpo', call: 'simpo(logps, { beta, gamma, labelSmoothing })', source: TRL, note: '`gamma` is `simpo_gamma`; the default `cpo_alpha=1` adds `nll`' }, // prettier-ignore
  { library: 'TRL', name: 'CPOTrainer, `loss_type="simpo", alpha`', loss: 'alphaPo', call: 'alphaPo(logps, { alpha, beta, gamma, labelSmoothing })', source: TRL }, // prettier-ignore
  { library: 'TRL', name: 'ORPOTrainer', loss: 'orpo', call: 'orpo(batch, { lambda })', source: TRL, note: '`lambda` is its `beta`; its NLL includes the prompt' }, // prettier-ignore
  { library: 'TRL', name: 'KTOTrainer, `loss_type="kto"`', loss: 'kto', call: 'kto(batch, { beta, desirableWeight, undesirableWeight })', source: TRL }, // prettier-ignore
  { library: 'TRL', name: 'KTOTrainer, `loss_type="apo_zero_unpaired"`', loss: 'apoZeroUnpaired', call: 'apoZeroUnpaired(batch, { beta, desirableWeight, undesirableWeight })', source: TRL }, // prettier-ignore
  { library: 'TRL', name: 'BCOTrainer (up to 1.10)', loss: 'bco', call: 'bco(batch, { beta, delta, undesirableWeight })', source: LEGACY },
  { library: 'TRL', name: 'TPOTrainer, `loss_type="sigmoid"`', loss: 'tpo', call: 'tpo({ contrast: cpo(logps, { beta, labelSmoothing }), gold: batch.gold }, { alpha })', source: TRL, applies: contrastive('cpo') }, // prettier-ignore
  { library: 'TRL', name: 'TPOTrainer, `loss_type="hinge"`', loss: 'tpo', call: 'tpo({ contrast: hinge({ policy: logps }, { beta }), gold: batch.gold }, { alpha })', source: TRL, applies: contrastive('hinge') }, // prettier-ignore
  { library: 'TRL', name: 'TPOTrainer, `loss_type="ipo"`', loss: 'tpo', call: 'tpo({ contrast: ipo({ policy: logps }, { beta }), gold: batch.gold }, { alpha })', source: TRL, applies: contrastive('ipo') }, // prettier-ignore
  { library: 'TRL', name: 'TPOTrainer, `loss_type="tpo-l"`', loss: 'tpo', call: 'tpo({ contrast: simpo(logps, { beta, gamma, labelSmoothing }), gold: batch.gold }, { alpha })', source: TRL, applies: contrastive('simpo') }, // prettier-ignore
  { library: 'TRL', name: 'RewardTrainer', loss: 'bradleyTerry', call: 'bradleyTerry(rewards, { margin, centering })', source: TRL, note: '`centering` is `center_rewards_coefficient`' }, // prettier-ignore
  { library: 'TRL', name: 'XPOTrainer (up to 1.10), exploration term', loss: 'xpoTerm', call: 'xpoTerm(batch.logps, { alpha })', source: LEGACY }, // prettier-ignore
  { library: 'TRL', name: 'NashMDTrainer (up to 1.10)', loss: 'nashMd', call: 'nashMd(batch, { beta, preference })', source: LEGACY },
  { library: 'TRL', name: 'A2POTrainer, the value of a prompt', loss: 'optimalValue', call: 'optimalValue(batch.rewards, { beta })', source: TRL, note: '`beta` is its `beta1`' }, // prettier-ignore
  { library: 'TRL', name: 'A2POTrainer, the loss', loss: 'regression', call: 'regression(batch, { beta })', source: TRL, note: '`beta` is its `beta2`, 0.001 by default; `target` is the reward minus `optimalValue`', applies: (_, { error }) => error === 'squared' }, // prettier-ignore
  ...distillation('TRL', TRL, 'DistillationTrainer'),
  { library: 'Liger-Kernel', name: ligerDpo('sigmoid'), loss: 'dpo', call: 'dpo(logps, { beta })', source: 'liger-0.8.5', applies: plain },
  ...shared('Liger-Kernel', 'liger-0.8.5', ligerDpo),
  {
    library: 'Liger-Kernel',
    name: 'LigerFusedLinearCPOLoss',
    loss: 'cpo',
    call: 'cpo(logps, { beta, labelSmoothing })',
    source: 'liger-0.8.5',
  },
  { library: 'Liger-Kernel', name: 'LigerFusedLinearSimPOLoss', loss: 'simpo', call: 'simpo(logps, { beta, gamma, labelSmoothing })', source: 'liger-0.8.5' }, // prettier-ignore
  { library: 'Liger-Kernel', name: 'LigerFusedLinearORPOLoss', loss: 'orpo', call: 'orpo(batch, { lambda })', source: 'liger-0.8.5', note: '`lambda` is its `beta`' }, // prettier-ignore
  { library: 'Liger-Kernel', name: 'LigerFusedLinearKTOLoss', loss: 'kto', call: 'kto(batch, { beta })', source: 'liger-0.8.5', applies: (_, options) => options.desirableWeight === 1 }, // prettier-ignore
  ...distillation('Liger-Kernel', 'liger-0.8.5', 'LigerFusedLinearJSDLoss'),
  { library: 'HALOs', name: '`loss=dpo`', loss: 'dpo', call: 'dpo(logps, { beta })', source: 'halos', applies: plain },
  { library: 'HALOs', name: '`loss=cdpo`', loss: 'dpo', call: 'dpo(logps, { beta, labelSmoothing })', source: 'halos', applies: smoothed },
  { library: 'HALOs', name: '`loss=ipo`', loss: 'ipo', call: 'ipo(logps, { beta })', source: 'halos', applies: withReference, note: `${MEANS}; HALOs returns NaN where policy and reference agree` }, // prettier-ignore
  { library: 'HALOs', name: '`loss=simpo`', loss: 'simpo', call: 'simpo(logps, { beta, gammaBetaRatio })', source: 'halos' },
  { library: 'HALOs', name: '`loss=slic`', loss: 'slic', call: 'slic(logps, { delta, lambda })', source: 'halos', note: 'HALOs agrees only for one pair of one-token completions' }, // prettier-ignore
  { library: 'HALOs', name: '`loss=kto`', loss: 'kto', call: 'kto(batch, { beta, desirableWeight, undesirableWeight })', source: 'halos' },
  { library: 'HALOs', name: '`loss=bradley-terry`', loss: 'bradleyTerry', call: 'bradleyTerry(rewards)', source: 'halos', applies: (_, options) => options.margin === 0 && options.centering === 0 }, // prettier-ignore
  { library: 'OpenRLHF', name: 'DPOLoss', loss: 'dpo', call: 'dpo(logps, { beta })', source: 'openrlhf-0.11.2', applies: plain },
  { library: 'OpenRLHF', name: 'DPOLoss, `label_smoothing`', loss: 'dpo', call: 'dpo(logps, { beta, labelSmoothing })', source: 'openrlhf-0.11.2', applies: smoothed }, // prettier-ignore
  {
    library: 'OpenRLHF',
    name: 'DPOLoss, `ipo=True`',
    loss: 'ipo',
    call: 'ipo(logps, { beta })',
    source: 'openrlhf-0.11.2',
    applies: withReference,
  },
  { library: 'OpenRLHF', name: 'PairWiseLoss', loss: 'bradleyTerry', call: 'bradleyTerry(rewards, { margin })', source: 'openrlhf-0.11.2', applies: (_, options) => options.centering === 0 }, // prettier-ignore
  { library: 'OpenRLHF', name: 'SFTLoss', loss: 'nll', call: 'nll(batch.logps, batch.mask, { reduction })', source: 'openrlhf-0.11.2' },
  { library: 'open-unlearning', name: 'NPO', loss: 'npo', call: 'npo(batch, { beta })', source: 'open-unlearning', note: 'its `gamma` and `alpha` weigh this loss and that of the data to retain' }, // prettier-ignore
  { library: 'open-unlearning', name: 'SimNPO', loss: 'simNpo', call: 'simNpo(batch, { beta, gammaBetaRatio })', source: 'open-unlearning', note: '`gammaBetaRatio` is its `delta`; its `gamma` is the weight of the loss' }, // prettier-ignore
  { library: 'Unlearn-Simple', name: '`forget_loss=npo`', loss: 'npo', call: 'npo(batch, { beta })', source: 'unlearn-simple' },
  { library: 'Unlearn-Simple', name: '`forget_loss=simnpo`', loss: 'simNpo', call: 'simNpo(batch, { beta, gammaBetaRatio })', source: 'unlearn-simple', note: '`gammaBetaRatio` is its `gamma`' }, // prettier-ignore
  { library: 'gemma', name: 'NpoLoss', loss: 'npo', call: 'ops.mul(npo(batch, { beta }), beta / 2)', source: 'gemma', note: '`beta` is its `tau`, 1 by default; it leaves out the factor `2 / beta` of the paper, so its gradient is `beta / 2` times that of `npo`', timesGolden: ({ beta }) => (beta as number) / 2 }, // prettier-ignore
  { library: 'QRPO', name: '`qrpo_transform_type="identity"`', loss: 'qrpo', call: "qrpo(batch, { beta, error, partition: 'simplified' })", source: 'qrpo', applies: (_, { partition }) => partition === 'simplified', note: 'it leaves out the -1 of `Z = beta * (e^(1 / beta) - 1)`, which `qrpo` has by default; `error` is `mse` or `mae`' }, // prettier-ignore
  { library: 'QRPO', name: '`qrpo_transform_type="log"`', loss: 'qrpo', call: "qrpo(batch, { beta, error, transform: 'log' })", source: 'qrpo', applies: (_, { transform }) => transform === 'log', note: 'quantiles of 0 are errors here; it replaces them by `1 / n` of n samples' }, // prettier-ignore
  { library: 'QRPO', name: '`qrpo_transform_type="normal-icdf"`', loss: 'qrpo', call: "qrpo(batch, { beta, error, transform: 'normal' })", source: 'qrpo', applies: (_, { transform }) => transform === 'normal', note: 'quantiles of 0 and 1 are errors here; it moves them by `1 / n` of n samples' }, // prettier-ignore
  {
    library: 'NeMo-Aligner',
    name: '`preference_loss: dpo`',
    loss: 'dpo',
    call: 'dpo(logps, { beta })',
    source: 'nemo-aligner',
    applies: plain,
  },
  { library: 'NeMo-Aligner', name: '`preference_loss: rpo_bwd_kl`', loss: 'rpoBackwardKl', call: 'rpoBackwardKl(batch, { beta, eta })', source: 'nemo-aligner', note: RPO }, // prettier-ignore
  { library: 'NeMo-Aligner', name: '`preference_loss: rpo_fwd_kl`', loss: 'rpoForwardKl', call: 'rpoForwardKl(batch, { beta, eta })', source: 'nemo-aligner', note: RPO }, // prettier-ignore
  { library: 'NeMo-Aligner', name: '`preference_loss: rpo_sq`', loss: 'rpoSquared', call: 'rpoSquared(batch, { beta, eta })', source: 'nemo-aligner', note: RPO }, // prettier-ignore
  { library: 'NeMo-Aligner', name: '`loss_func: margin_bt`', loss: 'bradleyTerry', call: 'bradleyTerry(rewards, { margin })', source: 'nemo-aligner', applies: (_, options) => options.scale === undefined }, // prettier-ignore
  { library: 'NeMo-Aligner', name: '`loss_func: scaled_bt`', loss: 'bradleyTerry', call: 'bradleyTerry(rewards, { scale })', source: 'nemo-aligner', applies: given('scale'), note: '`scale` is the size of the label' }, // prettier-ignore
  { library: 'tunix', name: 'DPOTrainer, `algorithm="dpo"`', loss: 'dpo', call: 'dpo(logps, { beta, labelSmoothing })', source: 'tunix', applies: (_, options) => options.preference === undefined }, // prettier-ignore
  { library: 'tunix', name: 'DPOTrainer, `algorithm="orpo"`', loss: 'orpo', call: 'orpo(batch, { lambda })', source: 'tunix', note: '`lambda` is its `lambda_orpo`; its NLL includes the prompt by default; it limits log-probs to -1e-7' }, // prettier-ignore
  { library: AUTHORS, name: 'ODPO', loss: 'dpo', call: 'dpo(logps, { beta, offset })', source: 'odpo', applies: given('offset'), note: '`offset` is its `alpha` times the log of the difference of the scores' }, // prettier-ignore
  { library: AUTHORS, name: 'REBEL', loss: 'rebel', call: 'rebel(batch, { eta })', source: 'rebel' },
  { library: AUTHORS, name: 'DPO-Shift, `dpo_lambda`', loss: 'dpoShift', call: 'dpoShift(logps, { beta, lambda })', source: 'dpo-shift' }, // prettier-ignore
  { library: AUTHORS, name: 'RePO, `gamma_beta_ratio`', loss: 'repo', call: 'repo(logps, { gamma })', source: 'repo' },
  { library: AUTHORS, name: 'TODO, `tie_loss`', loss: 'raoKupper', call: 'raoKupper(batch, { beta, nu })', source: 'todo', note: '`nu` is e to the power of minus its `theta`; it overflows for large margins' }, // prettier-ignore
  { library: AUTHORS, name: 'alpha-DPO', loss: 'alphaDpo', call: 'alphaDpo(batch, { alpha, beta, gammaBetaRatio, labelSmoothing })', source: 'alpha-dpo' }, // prettier-ignore
  { library: AUTHORS, name: 'Safe RLHF, align-anything, the term of `scale_coeff`', loss: 'costTerm', call: 'costTerm(logps, { chosen: batch.chosenHarmful, rejected: batch.rejectedHarmful })', source: 'align-anything' }, // prettier-ignore
  { library: AUTHORS, name: 'gamma-PO, `get_gamma_dq`', loss: 'gammaMargins', call: 'gammaMargins(batch.gaps, { gamma, tau })', source: 'gamma-po', note: '`gamma` is its `gamma0`; gaps of earlier batches are concatenated' }, // prettier-ignore
];

/** The methods of other libraries that are recipes here. */
export const originalRecipes: readonly OriginalRecipe[] = [
  { library: 'TRL', name: `${dpoTrainer('bco_pair')} (up to 0.27), its running mean`, section: '[BCO with a running mean](recipes.md#bco-of-pairs-with-a-running-mean)', golden: 'recipes/bcoPairRunning', source: LEGACY, note: 'every batch has the same weight, whatever its size' }, // prettier-ignore
  { library: 'TRL', name: 'DPOTrainer, `f_divergence_type` with another `loss_type`', section: '[Other divergences](recipes.md#other-divergences-under-other-losses)', golden: 'recipes/divergenceUnder', source: TRL }, // prettier-ignore
  { library: 'TRL', name: `${dpoTrainer('kto_pair')} (removed)`, section: '[KTO of pairs](recipes.md#kto-of-pairs-kto_pair)', golden: 'recipes/ktoPair', source: 'sampo', note: "compared with the copy in SamPO's code" }, // prettier-ignore
  { library: 'TRL', name: 'XPOTrainer (up to 1.10), the whole loss', section: '[XPO](recipes.md#a-whole-step-of-xpo)', golden: 'recipes/xpo', source: LEGACY }, // prettier-ignore
  { library: 'TRL', name: 'DPOTrainer, `rpo_alpha` (up to 0.27)', section: '[DPO plus likelihood](recipes.md#dpo-plus-the-likelihood-of-the-chosen-side)', golden: 'recipes/dpoWithNll', source: LEGACY, note: 'not the Reward-aware Preference Optimization of `rpoBackwardKl` and its like' }, // prettier-ignore
  { library: 'open-unlearning', name: 'DPO', section: '[IdkDPO](recipes.md#unlearning-npo-simnpo-idkdpo)', golden: 'recipes/idkDpo', source: 'open-unlearning', note: 'its `gamma` and `alpha` weigh this loss and that of the data to retain' }, // prettier-ignore
  { library: 'LLaMA-Factory', name: '`pref_bco_weight`', section: '[DPO mixed with BCO](recipes.md#dpo-mixed-with-bco)', golden: 'recipes/dpoWithBco', source: 'llama-factory' }, // prettier-ignore
  { library: 'mlx-lm-lora', name: '`--dpo-cpo-loss-type dpop`', section: '[DPOP with its penalty outside](recipes.md#dpop-with-its-penalty-outside-mlx-lm-lora)', golden: 'recipes/mlxDpop', source: 'mlx-lm-lora', note: 'it is not the published DPOP' }, // prettier-ignore
  { library: 'tunix', name: 'DPOTrainer, `algorithm="orpo", label_smoothing`', section: '[ORPO with label smoothing](recipes.md#orpo-with-label-smoothing)', golden: 'recipes/smoothedOrpo', source: 'tunix', note: 'its NLL includes the prompt by default' }, // prettier-ignore
  { library: 'swiss-ai/posttraining (Apertus)', name: '`loss_type="qrpo", normalize_beta_by_length`', section: '[QRPO with a beta per length](recipes.md#qrpo-with-a-beta-per-length-apertus)', golden: 'recipes/qrpoByLength', source: 'posttraining', note: 'beta is at most 0.1, whatever is configured' }, // prettier-ignore
  {
    library: AUTHORS,
    name: 'MODPO',
    section: '[Several rewards](recipes.md#several-rewards-modpo)',
    golden: 'recipes/modpo',
    source: 'modpo',
  },
  { library: AUTHORS, name: 'MallowsPO, DPO', section: '[A beta for each prompt](recipes.md#a-beta-for-each-prompt-mallowspo)', golden: 'recipes/mallowsDpo', source: 'mallows-po' }, // prettier-ignore
  { library: AUTHORS, name: 'MallowsPO, IPO', section: '[A beta for each prompt](recipes.md#a-beta-for-each-prompt-mallowspo)', golden: 'recipes/mallowsIpo', source: 'mallows-po' }, // prettier-ignore
  { library: AUTHORS, name: 'epsilon-DPO', section: '[A beta for each pair](recipes.md#a-beta-or-a-margin-for-each-pair-from-the-model-epsilon-dpo-gamma-po)', golden: 'epsilonBeta', source: 'e-dpo', note: 'its label smoothing has no effect' }, // prettier-ignore
  { library: AUTHORS, name: 'TIS-DPO, its weights of tokens', section: '[Weights of tokens](recipes.md#weights-of-tokens-tis-dpo-step-wise-dpo-loss-scales)', golden: 'completionLogProbs', source: 'tis-dpo', note: 'its mean divides by the number of tokens, ours by the sum of the weights' }, // prettier-ignore
  { library: AUTHORS, name: 'Diffusion-DPO', section: '[Diffusion-DPO](images.md#diffusion-dpo)', golden: 'recipes/diffusionDpo', source: 'diffusion-dpo' }, // prettier-ignore
  { library: AUTHORS, name: 'Diffusion-KTO', section: '[Diffusion-KTO](images.md#diffusion-kto)', golden: 'recipes/diffusionKto', source: 'diffusion-kto', note: 'beta here is twice its `beta_dpo`' }, // prettier-ignore
  { library: AUTHORS, name: 'mDPO', section: '[mDPO](images.md#mdpo)', golden: 'recipes/mdpo', source: 'mdpo' },
  { library: AUTHORS, name: 'CHiP', section: '[CHiP](images.md#chip)', golden: 'recipes/chip', source: 'chip' },
];
