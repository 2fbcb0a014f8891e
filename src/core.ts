/**
 * Preference-optimization losses, log-probs, masks and metrics with no engine but plain arrays: no dependency at all.
 *
 * @packageDocumentation
 */
export { backendOf, registerBackend, type Backend, type DType, type Nested } from './backend/backend.js';
export * as ops from './backend/ops.js';
export { stopGradient } from './backend/ops.js';
export type { Less, Operand, ScalarOf } from './backend/types.js';

export { implicitRewards, type ImplicitRewardsOptions } from './logprobs/implicitRewards.js';
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
export { sequenceLogProbs, type SequenceLogProbsOptions } from './logprobs/sequenceLogProbs.js';
export { tokenLogProbs, type TokenLogProbsOptions } from './logprobs/tokenLogProbs.js';

export { completionMask, type CompletionSpans } from './masking/completionMask.js';
export { IGNORE_INDEX } from './masking/ignoreIndex.js';
export { labelsFromMask, maskFromLabels, shiftLabels, type LabelOptions } from './masking/labels.js';
export { maskedMean, maskedSum } from './masking/maskedReductions.js';

export { bradleyTerry, type BradleyTerryOptions } from './losses/bradleyTerry.js';
export { dpo, type DpoOptions } from './losses/dpo.js';
export { dpoGradientWeight, type DpoGradientWeightOptions } from './losses/dpoGradientWeight.js';
export { ipo, type IpoOptions } from './losses/ipo.js';
export { klEstimate, klStatistics, type KlStatistics } from './losses/klEstimate.js';
export { kto, type KtoBatch, type KtoOptions } from './losses/kto.js';
export { nll, type NllOptions } from './losses/nll.js';
export { orpo, type OrpoBatch, type OrpoOptions } from './losses/orpo.js';

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
