import * as tf from '@tensorflow/tfjs';
import type { EncodedPair } from 'prefloss';
import { MARKERS } from './data.js';
import type { TinyGpt } from './model.js';

/** The tokens of a pair's prompt, up to the marker after which the model answers. */
export const promptOf = ({ chosen }: EncodedPair): number[] => chosen.tokens.slice(0, chosen.mask.indexOf(1));

/** Returns the model's own answers, of up to `length` tokens each. Decoding is greedy: it always takes the most likely token. */
export async function answersOf(model: TinyGpt, pairs: readonly EncodedPair[], length: number): Promise<number[][]> {
  const prompts = pairs.map(promptOf);
  const answers = prompts.map((): number[] => []);
  const isOver = (answer: readonly number[]): boolean => answer.at(-1) === MARKERS.end;
  for (let i = 0; i < length && !answers.every(isOver); i++) {
    const rows = prompts.map((prompt, b) => [...prompt, ...answers[b]!]);
    const time = Math.max(...rows.map((row) => row.length));
    if (time > model.config.maxLength) break;
    const padded = rows.map((row) => [...row, ...Array<number>(time - row.length).fill(MARKERS.padding)]);
    const best = tf.tidy(() => tf.argMax(model.logits(padded), -1));
    const tokens = await best.data();
    best.dispose();
    answers.forEach((answer, b) => {
      if (!isOver(answer)) answer.push(tokens[b * time + rows[b]!.length - 1]!);
    });
  }
  return answers;
}

/** Whether an answer is the chosen one, token for token. */
export const isRight = (pair: EncodedPair, answer: readonly number[]): boolean =>
  [...promptOf(pair), ...answer].join() === pair.chosen.tokens.join();

/** Returns the share of prompts that the model answers right. */
export async function shareRight(model: TinyGpt, pairs: readonly EncodedPair[], length: number): Promise<number> {
  const answers = await answersOf(model, pairs, length);
  return pairs.filter((pair, i) => isRight(pair, answers[i]!)).length / pairs.length;
}
