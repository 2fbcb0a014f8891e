import { readFileSync } from 'node:fs';
import { encode } from 'gpt-tokenizer/encoding/r50k_base';
import {
  encodePairs,
  mismatchCompletions,
  parseJsonl,
  validationSplit,
  type ChatTokenizer,
  type EncodedExample,
  type EncodedPair,
  type Message,
  type Pair,
  type Sequence,
} from '../../src/index.js';

/** A pair with mismatched completions, from which KTO estimates how far the policy has moved from the reference in general. */
export interface TrainingPair extends EncodedPair {
  readonly mismatched: Pair<Sequence>;
}

/** The preference pairs of the data file, tokenized and split. */
export interface Dataset {
  readonly train: readonly TrainingPair[];
  readonly validation: readonly TrainingPair[];
  /** Number of rows that were too long. */
  readonly dropped: number;
  /** Number of token ids, V. */
  readonly vocabularySize: number;
}

/** Options of {@link readDataset}. */
export interface DatasetOptions {
  /** Maximum number of tokens of a row, prompt and completion together; longer rows keep their end. */
  readonly maxLength: number;
  /** Number of pairs to hold out. */
  readonly validationPairs: number;
  /** Seed of the split. */
  readonly seed: number;
}

interface Row {
  readonly prompt: readonly Message[];
  readonly chosen: readonly Message[];
  readonly rejected: readonly Message[];
}

/** Special tokens of the chat format `user ... end assistant ... end`; they are the first ids of the vocabulary. */
const MARKERS: Readonly<Record<string, number>> = { padding: 0, user: 1, assistant: 2, end: 3 };
const FIRST_WORD = Object.keys(MARKERS).length;

/** Padding of batches. */
export const PADDING = { padTokenId: MARKERS.padding! };

/** Reads the preference pairs and holds some of them out. */
export function readDataset(file: URL, { maxLength, validationPairs, seed }: DatasetOptions): Dataset {
  const rows = parseJsonl(readFileSync(file, 'utf8'), { name: file.pathname }) as Row[];
  const { tokenizer, vocabularySize } = tokenizerFor(rows.flatMap(({ prompt, chosen, rejected }) => [...prompt, ...chosen, ...rejected]));
  const limit = { maxLength, truncation: 'keepEnd' } as const;
  const { pairs, dropped } = encodePairs(rows, tokenizer, limit);
  const { train, validation } = validationSplit(pairs, { validation: validationPairs, seed });
  const withMismatches = (split: readonly EncodedPair[]): TrainingPair[] => {
    const examples = mismatchCompletions(examplesOf(split), limit);
    return split.map((pair, i) => ({
      ...pair,
      mismatched: { chosen: examples[i]!.mismatched, rejected: examples[i + split.length]!.mismatched },
    }));
  };
  return { train: withMismatches(train), validation: withMismatches(validation), dropped: dropped.length, vocabularySize };
}

/** Answers as unpaired examples: first all chosen ones, then all rejected ones. */
export const examplesOf = (pairs: readonly EncodedPair[]): EncodedExample[] =>
  (['chosen', 'rejected'] as const).flatMap((side) => pairs.map((pair) => ({ ...pair[side], row: pair.row, label: side === 'chosen' })));

/**
 * GPT-2's tokenizer with a chat format. The texts use about a thousand of its 50257 ids. Only those are kept, renumbered, because a small
 * model would otherwise spend nearly all its weights on unused ids.
 */
function tokenizerFor(messages: readonly Message[]): { tokenizer: ChatTokenizer; vocabularySize: number } {
  const used = new Set(messages.flatMap(({ content }) => encode(content)));
  const ids = new Map([...used].sort((a, b) => a - b).map((id, i) => [id, FIRST_WORD + i]));
  const words = (text: string): number[] => encode(text).map((id) => ids.get(id)!);
  const tokenizer: ChatTokenizer = {
    encode: words,
    apply_chat_template: (conversation, { add_generation_prompt }) => [
      ...conversation.flatMap(({ role, content }) => [MARKERS[role], ...words(content), MARKERS.end]),
      ...(add_generation_prompt ? [MARKERS.assistant] : []),
    ],
  };
  return { tokenizer, vocabularySize: FIRST_WORD + ids.size };
}
