/**
 * Rows of preference data to batches of tokens and masks: converters, tokenizers and chat templates, encoding, packing, batches.
 *
 * @packageDocumentation
 */
export { fromConversations, fromShareGpt } from './converters.js';
export { attachReference, type ReferenceLogps, type WithReference } from './attachReference.js';
export { batchesOf, validationSplit, type BatchOptions, type Split, type SplitOptions } from './batches.js';
export {
  chatTokenizer,
  type ChatTemplateOptions,
  type ChatTokenizer,
  type ChatTokenizerParts,
  type TemplateLike,
  type TemplateMessage,
  type TextTokenizer,
  type TokenizerLike,
} from './chatTokenizer.js';
export { collatePairs, collateUnpaired, type MismatchedBatch, type PairBatch, type UnpairedBatch } from './collate.js';
export {
  collatePackedPairs,
  collatePackedSequences,
  type PackedBatch,
  type PackedPairBatch,
  type PackedSequenceBatch,
} from './collatePacks.js';
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
} from './encode.js';
export { extractPrompt, type PromptedRow } from './extractPrompt.js';
export { packPairs, packSequences, type PackOptions, type Packs } from './pack.js';
export type { Batch, CollateOptions } from './padRows.js';
export { hashTokens, type HashedItem } from './hashTokens.js';
export { parseJsonl, parseJsonlStream, type JsonlOptions } from './jsonl.js';
export { mergeByRow } from './mergeByRow.js';
export { mismatchCompletions, type MismatchedExample } from './mismatchCompletions.js';
export { attachReferenceRow, referenceRow, type ReferenceRow } from './referenceRow.js';
export type { ContentPart, Message, PreferenceRow, Turns, UnpairedRow } from './rows.js';
export type { SideOptions } from './sides.js';
export type { Sequence } from './sequence.js';
export type { Span } from './tokenIds.js';
export type { TruncationOptions } from './truncate.js';
export { unpairPreferences } from './unpairPreferences.js';
