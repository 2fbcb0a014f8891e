/**
 * Preference-optimization losses, log-probs, masks, data and metrics on plain lists and on tensors in memory, with gradients and without any dependency.
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
export { MetricAverage, type MetricTotals } from './metrics/metricAverage.js';
export { pairMetrics, type PairMetrics, type PairMetricsOptions } from './metrics/pairMetrics.js';
export { readMetrics } from './metrics/readMetrics.js';
export {
  unpairedMetrics,
  type UnpairedMetrics,
  type UnpairedMetricsBatch,
  type UnpairedMetricsOptions,
} from './metrics/unpairedMetrics.js';

export { fromConversations, fromShareGpt } from './data/converters.js';
export { attachReference, type ReferenceLogps, type WithReference } from './data/attachReference.js';
export { batchesOf, validationSplit, type BatchOptions, type Split, type SplitOptions } from './data/batches.js';
export {
  chatTokenizer,
  type ChatTemplateOptions,
  type ChatTokenizer,
  type ChatTokenizerParts,
  type TemplateLike,
  type TemplateMessage,
  type TextTokenizer,
  type TokenizerLike,
} from './data/chatTokenizer.js';
export { collatePairs, collateUnpaired, type MismatchedBatch, type PairBatch, type UnpairedBatch } from './data/collate.js';
export {
  collatePackedPairs,
  collatePackedSequences,
  type PackedBatch,
  type PackedPairBatch,
  type PackedSequenceBatch,
} from './data/collatePacks.js';
export {
  encodePairs,
  encodeUnpaired,
  type DroppedRow,
  type EncodedExample,
  type EncodedExamples,
  type EncodedPair,
  type EncodedPairs,
  type EncodeOptions,
  type PromptlessRow,
} from './data/encode.js';
export { extractPrompt, type PromptedRow } from './data/extractPrompt.js';
export { packPairs, packSequences, type PackOptions, type Packs } from './data/pack.js';
export type { Batch, CollateOptions } from './data/padRows.js';
export { parseJsonl, type JsonlOptions } from './data/jsonl.js';
export { mismatchCompletions, type MismatchedExample } from './data/mismatchCompletions.js';
export type { ContentPart, Message, PreferenceRow, Turns, UnpairedRow } from './data/rows.js';
export type { SideOptions } from './data/sides.js';
export type { Sequence } from './data/sequence.js';
export type { Span } from './data/tokenIds.js';
export type { TruncationOptions } from './data/truncate.js';
export { unpairPreferences } from './data/unpairPreferences.js';
