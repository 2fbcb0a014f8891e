/**
 * Preference-optimization losses, log-probs, masks and metrics on plain lists and on tensors in memory, with gradients and without any dependency.
 *
 * @packageDocumentation
 */
export { tensorOf, type ArrayTensor, type DataTensor, type TensorData } from './backend/arrays/tensor.js';
export { valueAndGrads, type GradsOf, type ScalarLoss } from './backend/arrays/valueAndGrads.js';
export { backendOf, registerBackend } from './backend/registry.js';
export type { Backend, DType, Nested } from './backend/types.js';
export type { RelatedTypes, TensorTypes } from './backend/tensorTypes.js';
export * as ops from './backend/ops.js';
export { stopGradient } from './backend/ops.js';
export type {
  LinearRows,
  Operand,
  OrPlain,
  PlainList,
  Raised,
  Reduced,
  ScalarOf,
  Statistic,
  TokenDivergence,
  TokenStats,
  TypedArray,
  WeightLayout,
} from './backend/types.js';

export type { TargetMargin } from './internal/targetMargin.js';

export {
  completionLogProbs,
  type CompletionBatch,
  type CompletionLogProbsOptions,
  type CompletionTokens,
  type CompletionWeights,
  type PackedCompletionBatch,
} from './logprobs/completionLogProbs.js';
export { implicitRewards, type ImplicitRewardsOptions } from './logprobs/implicitRewards.js';
export { humanlineClamp, type HumanlineBatch, type HumanlineClamped, type HumanlineClampOptions } from './logprobs/humanlineClamp.js';
export type { LabelledLogps } from './logprobs/labelled.js';
export { ldLogProbs, type LdLogProbsOptions } from './logprobs/ldLogProbs.js';
export type { LinearHead, LinearHeadOptions } from './logprobs/linearHead.js';
export { linearTokenDivergence, type DivergenceHeads, type LinearTokenDivergenceOptions } from './logprobs/linearTokenDivergence.js';
export { linearTokenLogProbs, type LinearTokenLogProbsOptions } from './logprobs/linearTokenLogProbs.js';
export { linearTokenStats } from './logprobs/linearTokenStats.js';
export type { ListLogps, RewardedListLogps, RewardedLists } from './logprobs/lists.js';
export { logOdds } from './logprobs/logOdds.js';
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
export type { RewardedPairLogps } from './logprobs/rewardedPairs.js';
export type { TdpoBatch } from './logprobs/tdpo.js';
export type { TiedPairLogps } from './logprobs/ties.js';
export { samLogProbs, type SamLogProbsOptions } from './logprobs/samLogProbs.js';
export { sequenceLogProbs, type SequenceLogProbsOptions } from './logprobs/sequenceLogProbs.js';
export { tokenDivergence, type TokenDivergenceOptions } from './logprobs/tokenDivergence.js';
export { tokenLogProbs, type TokenLogProbsOptions, type TokensOf } from './logprobs/tokenLogProbs.js';
export { tokenStats } from './logprobs/tokenStats.js';
export { unpack } from './logprobs/unpack.js';

export { completionMask, type CompletionSpans } from './masking/completionMask.js';
export { IGNORE_INDEX } from './masking/ignoreIndex.js';
export { labelsFromMask, maskFromLabels, shiftLabels, type LabelOptions } from './masking/labels.js';
export { maskedMean, maskedSum } from './masking/maskedReductions.js';
export { segmentAttentionMask, type Segments, type WithoutSegments } from './masking/segments.js';

export * from './losses/index.js';
export { lossNamed, losses, type LossBatch, type LossEntry, type LossName, type NamedLoss } from './catalogue.js';
export type { LossKind } from './internal/lossKind.js';

export { earlyStopping, type EarlyStopping, type EarlyStoppingOptions, type EarlyStoppingState } from './metrics/earlyStopping.js';
export { levanterMetrics, type LevanterMetrics, type LevanterMetricsOptions } from './metrics/levanterMetrics.js';
export { levanterSimpoMetrics, type LevanterSimpoMetrics, type LevanterSimpoMetricsOptions } from './metrics/levanterSimpoMetrics.js';
export { MetricAverage, type MetricTotals } from './metrics/metricAverage.js';
export { pairMetrics, type PairMetrics, type PairMetricsOptions } from './metrics/pairMetrics.js';
export { readMetrics } from './metrics/readMetrics.js';
export {
  unpairedMetrics,
  type UnpairedMetrics,
  type UnpairedMetricsBatch,
  type UnpairedMetricsOptions,
} from './metrics/unpairedMetrics.js';
