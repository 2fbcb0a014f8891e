/**
 * Preference-optimization losses, log-probs, masks and metrics with no engine but plain arrays: no dependency at all.
 *
 * @packageDocumentation
 */
export { backendOf, registerBackend } from './backend/registry.js';
export type { Backend, DType, Nested } from './backend/types.js';
export * as ops from './backend/ops.js';
export { stopGradient } from './backend/ops.js';
export type { Less, LinearRows, Operand, ScalarOf, TokenStats } from './backend/types.js';

export type { TargetMargin } from './internal/targetMargin.js';

export { implicitRewards, type ImplicitRewardsOptions } from './logprobs/implicitRewards.js';
export { humanlineClamp, type HumanlineBatch, type HumanlineClamped, type HumanlineClampOptions } from './logprobs/humanlineClamp.js';
export type { LabelledLogps } from './logprobs/labelled.js';
export { ldLogProbs, type LdLogProbsOptions } from './logprobs/ldLogProbs.js';
export type { LinearHead, LinearHeadOptions, TokensOf } from './logprobs/linearHead.js';
export { linearTokenLogProbs, type LinearTokenLogProbsOptions } from './logprobs/linearTokenLogProbs.js';
export { linearTokenStats } from './logprobs/linearTokenStats.js';
export type { ListLogps, RewardedListLogps, RewardedLists } from './logprobs/lists.js';
export {
  concatPairs,
  gatherPairs,
  logRatioMargin,
  splitPairs,
  type Pair,
  type OptionalReference,
  type PairLogps,
  type UnpairedLogps,
} from './logprobs/pairs.js';
export type { TdpoBatch } from './logprobs/tdpo.js';
export { samLogProbs, type SamLogProbsOptions } from './logprobs/samLogProbs.js';
export { sequenceLogProbs, type SequenceLogProbsOptions } from './logprobs/sequenceLogProbs.js';
export { tokenKl } from './logprobs/tokenKl.js';
export { tokenLogProbs, type TokenLogProbsOptions } from './logprobs/tokenLogProbs.js';
export { tokenStats } from './logprobs/tokenStats.js';

export { completionMask, type CompletionSpans } from './masking/completionMask.js';
export { IGNORE_INDEX } from './masking/ignoreIndex.js';
export { labelsFromMask, maskFromLabels, shiftLabels, type LabelOptions } from './masking/labels.js';
export { maskedMean, maskedSum } from './masking/maskedReductions.js';

export {
  adaptiveBeta,
  marginStatistics,
  marginWeights,
  type AdaptiveBetaBatch,
  type AdaptiveBetaOptions,
  type MarginStatistics,
  type MarginStatisticsOptions,
} from './losses/adaptiveBeta.js';
export { addStatistics, type AddStatisticsOptions } from './losses/addStatistics.js';
export { alphaPo, type AlphaPoOptions } from './losses/alphaPo.js';
export { aot, type AotOptions } from './losses/aot.js';
export { aotUnpaired } from './losses/aotUnpaired.js';
export { apoDown, type ApoDownOptions } from './losses/apoDown.js';
export { apoZero, type ApoZeroOptions } from './losses/apoZero.js';
export { apoZeroUnpaired, type ApoZeroUnpairedOptions } from './losses/apoZeroUnpaired.js';
export { bco, type BcoOptions } from './losses/bco.js';
export { bcoPair, type BcoPairOptions } from './losses/bcoPair.js';
export { bradleyTerry, type BradleyTerryOptions } from './losses/bradleyTerry.js';
export { calDpo, type CalDpoOptions } from './losses/calDpo.js';
export { cpo, type CpoOptions } from './losses/cpo.js';
export { discopop, type DiscopopOptions } from './losses/discopop.js';
export { dpo, type DpoOptions } from './losses/dpo.js';
export { dpoGradientWeight, type DpoGradientWeightOptions } from './losses/dpoGradientWeight.js';
export { dpop, type DpopOptions } from './losses/dpop.js';
export { exo, type ExoOptions } from './losses/exo.js';
export { exoPair, type ExoPairOptions } from './losses/exoPair.js';
export { fDpo, type FDpoOptions } from './losses/fDpo.js';
export { hinge, type HingeOptions } from './losses/hinge.js';
export { infoNca, type InfoNcaOptions } from './losses/infoNca.js';
export { ipo, type IpoOptions } from './losses/ipo.js';
export { klEstimate, klStatistics, type KlStatistics } from './losses/klEstimate.js';
export { kto, type KtoBatch, type KtoOptions } from './losses/kto.js';
export { lipo, type LipoOptions } from './losses/lipo.js';
export { nashMd, type NashMdBatch, type NashMdOptions } from './losses/nashMd.js';
export { nca, type NcaOptions } from './losses/nca.js';
export { ncaPair, type NcaPairOptions } from './losses/ncaPair.js';
export { nll, type NllOptions } from './losses/nll.js';
export { orpo, type OrpoBatch, type OrpoOptions } from './losses/orpo.js';
export { plackettLuce, type PlackettLuceOptions } from './losses/plackettLuce.js';
export { pro } from './losses/pro.js';
export { rDpo, type RDpoBatch, type RDpoOptions } from './losses/rDpo.js';
export {
  rewardShift,
  rewardStatistics,
  type RewardShiftOptions,
  type RewardStatistics,
  type RewardStatisticsOptions,
} from './losses/rewardShift.js';
export { robustDpo, type RobustDpoOptions } from './losses/robustDpo.js';
export { robustMean, type RobustMeanOptions } from './losses/robustMean.js';
export { rrhf } from './losses/rrhf.js';
export { simper } from './losses/simper.js';
export { simpo, type SimpoOptions } from './losses/simpo.js';
export { slic, type SlicOptions } from './losses/slic.js';
export { softmaxDpo, type SoftmaxDpoOptions } from './losses/softmaxDpo.js';
export { sppo, type SppoOptions } from './losses/sppo.js';
export { tdpo1, type Tdpo1Options } from './losses/tdpo1.js';
export { tdpo2, type Tdpo2Options } from './losses/tdpo2.js';
export { tpo, type TpoBatch, type TpoOptions } from './losses/tpo.js';
export { wpoWeights, type WpoTokens, type WpoWeightsOptions } from './losses/wpoWeights.js';
export { xpoTerm, type XpoTermOptions } from './losses/xpoTerm.js';

export { losses, type LossEntry, type LossName } from './catalogue.js';

export { levanterMetrics, type LevanterMetrics, type LevanterMetricsOptions } from './metrics/levanterMetrics.js';
export { MetricAverage } from './metrics/metricAverage.js';
export { pairMetrics, type PairMetrics, type PairMetricsOptions } from './metrics/pairMetrics.js';
export { readMetrics } from './metrics/readMetrics.js';
export {
  unpairedMetrics,
  type UnpairedMetrics,
  type UnpairedMetricsBatch,
  type UnpairedMetricsOptions,
} from './metrics/unpairedMetrics.js';

export { attachReference, type WithReference } from './data/attachReference.js';
export { batchesOf, validationSplit, type BatchOptions, type Split, type SplitOptions } from './data/batches.js';
export { chatTokenizer, type ChatTokenizer, type ChatTokenizerParts, type TemplateLike, type TokenizerLike } from './data/chatTokenizer.js';
export {
  collatePairs,
  collateUnpaired,
  type Batch,
  type CollateOptions,
  type MismatchedBatch,
  type PairBatch,
  type UnpairedBatch,
} from './data/collate.js';
export {
  encodePairs,
  encodeUnpaired,
  type DroppedRow,
  type EncodedExample,
  type EncodedExamples,
  type EncodedPair,
  type EncodedPairs,
  type EncodeOptions,
} from './data/encode.js';
export { extractPrompt, type PromptedRow } from './data/extractPrompt.js';
export { parseJsonl } from './data/jsonl.js';
export { mismatchCompletions, type MismatchedExample } from './data/mismatchCompletions.js';
export type { Message, PreferenceRow, UnpairedRow } from './data/rows.js';
export type { Sequence } from './data/sequence.js';
export type { TruncationOptions } from './data/truncate.js';
export { unpairPreferences } from './data/unpairPreferences.js';
