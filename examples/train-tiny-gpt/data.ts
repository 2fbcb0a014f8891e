import { decode, encode } from 'gpt-tokenizer/encoding/r50k_base';
import {
  encodePairs,
  mismatchCompletions,
  validationSplit,
  type ChatTokenizer,
  type EncodedPair,
  type TemplateMessage,
  type MismatchedExample,
  type Pair,
} from 'prefloss';
import type { Task } from './task.js';

/** A pair, and its answers as examples for KTO, each with a mismatched completion. */
export interface TrainingPair extends EncodedPair {
  readonly examples: Pair<MismatchedExample>;
}

/** The pairs of a task, tokenized and split. */
export interface Dataset {
  readonly train: readonly TrainingPair[];
  readonly validation: readonly TrainingPair[];
  /** Number of rows that were too long. */
  readonly dropped: number;
  /** Number of token ids, V. */
  readonly vocabularySize: number;
  /** Returns the text of tokens, without the markers of the chat format. */
  readonly textOf: (tokens: readonly number[]) => string;
}

/** Special tokens of the chat format `user ... end assistant ... end`; they are the first ids of the vocabulary. */
export const MARKERS = { padding: 0, user: 1, assistant: 2, end: 3 } as const;
const FIRST_WORD = Object.keys(MARKERS).length;

/** Padding of batches. */
export const PADDING = { padTokenId: MARKERS.padding };

/** Tokenizes the pairs of a task and holds some of them out; two pairs with the same answers stay on the same side. */
export function datasetOf({ rows, validation, sizes }: Task, seed: number): Dataset {
  const { tokenizer, ...vocabulary } = vocabularyOf(rows.flatMap(({ prompt, chosen, rejected }) => [...prompt, ...chosen, ...rejected]));
  const limit = { maxLength: sizes.maxLength, truncation: 'keepEnd' } as const;
  const { pairs, dropped } = encodePairs(rows, tokenizer, limit);
  const answersOf = ({ row }: EncodedPair): unknown => [rows[row]!.chosen, rows[row]!.rejected];
  const split = validationSplit(pairs, { validation, seed, groupBy: answersOf });
  const withExamples = (some: readonly EncodedPair[]): TrainingPair[] => {
    const examples = (['chosen', 'rejected'] as const).flatMap((side) =>
      some.map((pair) => ({ ...pair[side], row: pair.row, label: side === 'chosen' })),
    );
    const mismatched = mismatchCompletions(examples, limit);
    return some.map((pair, i) => ({ ...pair, examples: { chosen: mismatched[i]!, rejected: mismatched[i + some.length]! } }));
  };
  return { train: withExamples(split.train), validation: withExamples(split.validation), dropped: dropped.length, ...vocabulary };
}

/**
 * GPT-2's tokenizer with a chat format. The texts use few of its 50257 ids. Only those are kept, renumbered, because a small model would
 * otherwise spend nearly all its weights on unused ids.
 */
function vocabularyOf(messages: readonly TemplateMessage[]): Pick<Dataset, 'textOf' | 'vocabularySize'> & { tokenizer: ChatTokenizer } {
  const used = [...new Set(messages.flatMap(({ content }) => encode(content)))].sort((a, b) => a - b);
  const ids = new Map(used.map((id, i) => [id, FIRST_WORD + i]));
  const words = (text: string): number[] => encode(text).map((id) => ids.get(id)!);
  const tokenizer: ChatTokenizer = {
    encode: words,
    apply_chat_template: (conversation, { add_generation_prompt }) => [
      ...conversation.flatMap(({ role, content }) => [MARKERS[role as 'user' | 'assistant'], ...words(content), MARKERS.end]),
      ...(add_generation_prompt ? [MARKERS.assistant] : []),
    ],
  };
  const textOf = (tokens: readonly number[]): string => decode(tokens.flatMap((token) => used[token - FIRST_WORD] ?? []));
  return { tokenizer, vocabularySize: FIRST_WORD + used.length, textOf };
}
