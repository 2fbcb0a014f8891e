import { readFileSync } from 'node:fs';
import { encode } from 'gpt-tokenizer/encoding/r50k_base';
import { completionMask, labelsFromMask, maskFromLabels, shiftLabels } from '../../src/index.js';
import { randomNumbers, shuffled } from './random.js';

/** One turn of a conversation, as the data file has it. */
interface Message {
  readonly role: 'user' | 'assistant';
  readonly content: string;
}

interface Row {
  readonly prompt: readonly Message[];
  readonly chosen: readonly Message[];
  readonly rejected: readonly Message[];
}

/** A preference pair in token ids: one prompt, the answer that was preferred, the one that was not. */
export interface PreferencePair {
  readonly prompt: readonly number[];
  readonly chosen: readonly number[];
  readonly rejected: readonly number[];
}

/** What the model reads in one row: a prompt, which is only read, and a completion, whose log-probs count. */
export interface Example {
  readonly prompt: readonly number[];
  readonly completion: readonly number[];
}

/** The preference pairs of the data file, tokenised and split. */
export interface Dataset {
  readonly train: readonly PreferencePair[];
  readonly validation: readonly PreferencePair[];
  /** Number of token ids, V. */
  readonly vocabularySize: number;
}

/** The markers of the chat format, the first ids of the vocabulary: `user ... end assistant ... end`. */
const MARKERS = { padding: 0, user: 1, assistant: 2, end: 3 };
const FIRST_WORD = Object.keys(MARKERS).length;

/** Tokens of the prompt that stay even beside a long completion. */
const PROMPT_SHARE = 1 / 3;

/** How {@link readDataset} cuts and splits. */
export interface DatasetOptions {
  /** Longest row in tokens, prompt and completion together. */
  readonly maxLength: number;
  /** Number of pairs to hold out. */
  readonly validationPairs: number;
  /** Decides which pairs are held out. */
  readonly seed: number;
}

/**
 * Reads the preference pairs and holds some of them out.
 *
 * The texts are split by GPT-2's tokenizer. Of its 50257 ids these few texts use about a thousand; only those are kept,
 * under new numbers, because a model this small would spend nearly all its weights on the others.
 */
export function readDataset(file: URL, { maxLength, validationPairs, seed }: DatasetOptions): Dataset {
  const rows = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Row);
  const used = new Set(rows.flatMap((row) => [...row.prompt, ...row.chosen, ...row.rejected]).flatMap((m) => encode(m.content)));
  const ids = new Map([...used].sort((a, b) => a - b).map((id, i) => [id, FIRST_WORD + i]));
  const words = (m: Message): number[] => encode(m.content).map((id) => ids.get(id)!);

  const pairs = rows.map((row): PreferencePair => {
    const prompt = [...row.prompt.flatMap((m) => [MARKERS[m.role], ...words(m), MARKERS.end]), MARKERS.assistant];
    const answer = (messages: readonly Message[]): number[] => [...messages.flatMap(words), MARKERS.end];
    return truncate({ prompt, chosen: answer(row.chosen), rejected: answer(row.rejected) }, maxLength);
  });
  const order = shuffled(pairs, randomNumbers(seed));
  return {
    validation: order.slice(0, validationPairs),
    train: order.slice(validationPairs),
    vocabularySize: FIRST_WORD + ids.size,
  };
}

/** Cuts completions at their end and the prompt at its beginning: what stands next to the completion matters most. */
function truncate({ prompt, chosen, rejected }: PreferencePair, maxLength: number): PreferencePair {
  const room = maxLength - Math.min(prompt.length, Math.floor(PROMPT_SHARE * maxLength));
  const completions = { chosen: chosen.slice(0, room), rejected: rejected.slice(0, room) };
  // Both sides keep the same prompt, or their log-probs would not be about the same question.
  const longest = Math.max(completions.chosen.length, completions.rejected.length);
  return { prompt: prompt.slice(Math.max(0, prompt.length + longest - maxLength)), ...completions };
}

/** The items in groups of `size`; the last one may be smaller, so that every item has its turn. */
export function batchesOf<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

/** Batches without end, shuffled anew for every epoch. */
export function* endlessBatches<Item>(items: readonly Item[], size: number, seed: number): Generator<Item[], never> {
  const random = randomNumbers(seed);
  for (;;) yield* batchesOf(shuffled(items, random), size);
}

/** The preferred answers, for supervised fine-tuning. */
export const chosenExamples = (pairs: readonly PreferencePair[]): Example[] =>
  pairs.map(({ prompt, chosen }) => ({ prompt, completion: chosen }));

/** All chosen examples, then all rejected ones: the order that `splitPairs` expects. */
export const pairedExamples = (pairs: readonly PreferencePair[]): Example[] => [
  ...chosenExamples(pairs),
  ...pairs.map(({ prompt, rejected }) => ({ prompt, completion: rejected })),
];

/** A pair beside the answers to another question, from which KTO estimates how far the policy has moved in general. */
export interface PairWithMismatch extends PreferencePair {
  readonly mismatched: { readonly chosen: readonly number[]; readonly rejected: readonly number[] };
}

/** Gives every pair the completions of the next one. There have to be two pairs at least. */
export const withMismatches = (pairs: readonly PreferencePair[]): PairWithMismatch[] =>
  pairs.map((pair, i) => ({ ...pair, mismatched: pairs[(i + 1) % pairs.length]! }));

/** Every prompt with the completions of another pair: as many examples as {@link pairedExamples} gives. */
export const mismatchedExamples = (pairs: readonly PairWithMismatch[], maxLength: number): Example[] =>
  pairedExamples(pairs.map(({ prompt, mismatched }) => truncate({ prompt, ...mismatched }, maxLength)));

/** Rows of one width in plain numbers, ready to become tensors. */
export interface Collated {
  /** What the model reads, padded on the right, `[N, T]`. */
  readonly tokens: number[][];
  /** The next token where it belongs to the completion, -100 elsewhere, `[N, T]`. */
  readonly labels: number[][];
  /** 1 where there is a label, `[N, T]`. */
  readonly mask: number[][];
}

/**
 * Pads examples to the longest of them and marks what counts. prefloss works on plain arrays as it does on tensors, so
 * all of this happens before any engine is involved.
 */
export function collate(examples: readonly Example[]): Collated {
  const rows = examples.map(({ prompt, completion }) => [...prompt, ...completion]);
  const lengths = rows.map((row) => row.length);
  const time = Math.max(...lengths);
  const tokens = rows.map((row) => [...row, ...Array<number>(time - row.length).fill(MARKERS.padding)]);
  const counts = completionMask({ promptLengths: examples.map(({ prompt }) => prompt.length), lengths }, time);
  // The logits at t are about the token at t + 1, so the labels are shifted by one; the mask is read off them again.
  const labels = shiftLabels(labelsFromMask(tokens, counts));
  return { tokens, labels, mask: maskFromLabels(labels) };
}
