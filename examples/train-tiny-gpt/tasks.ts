import { readFileSync } from 'node:fs';
import { parseJsonl, type TemplateMessage } from 'prefloss';
import type { GptConfig } from './model.js';

/** Preference pairs to learn from, with the settings that suit them. */
export interface Task {
  readonly rows: readonly Readonly<Record<'prompt' | 'chosen' | 'rejected', readonly TemplateMessage[]>>[];
  /** Number of pairs to hold out. */
  readonly validation: number;
  /** The answers that supervised fine-tuning learns. */
  readonly demonstrations: readonly ('chosen' | 'rejected')[];
  /** Whether the chosen answer is the only right one, so that the model's own answers can be marked. */
  readonly isMarked: boolean;
  /** Maximum number of tokens of the model's own answers. */
  readonly answerTokens: number;
  readonly sizes: Omit<GptConfig, 'vocabularySize'>;
  readonly batchSize: number;
  readonly sftEpochs: number;
  /** Peak learning rate of supervised fine-tuning. */
  readonly sftRate: number;
  /** Epochs of preference training. */
  readonly epochs: number;
  /** Peak learning rate of preference training. */
  readonly rate: number;
  /** Strength of the KL penalty; for ORPO, weight of the odds-ratio term. */
  readonly beta: Readonly<Record<'dpo' | 'ipo' | 'kto' | 'orpo', number>>;
  /** Number of updates between evaluations. */
  readonly evaluateEvery: number;
}

/**
 * Which of two numbers is larger? Fine-tuning learns both answers to every question, so it teaches how to answer, but not which answer is
 * right. That is in the preferences alone. The numbers are at least 5 apart: a model of this size confuses neighbours.
 */
function ordering(): Task {
  const numbers = Array.from({ length: 40 }, (_, i) => i);
  const says = (role: TemplateMessage['role'], content: string): TemplateMessage[] => [{ role, content }];
  const row = (a: number, b: number) => ({
    prompt: says('user', `Which is larger, ${a} or ${b}?`),
    chosen: says('assistant', `${Math.max(a, b)}`),
    rejected: says('assistant', `${Math.min(a, b)}`),
  });
  return {
    rows: numbers.flatMap((a) => numbers.filter((b) => Math.abs(a - b) >= 5).map((b) => row(a, b))),
    validation: 150,
    demonstrations: ['chosen', 'rejected'],
    isMarked: true,
    answerTokens: 4,
    sizes: { maxLength: 16, width: 64, heads: 4, blocks: 1 },
    batchSize: 32,
    sftEpochs: 10,
    sftRate: 3e-3,
    epochs: 5,
    rate: 1e-4,
    beta: { dpo: 1, ipo: 0.5, kto: 1, orpo: 1 },
    evaluateEvery: 25,
  };
}

/** 56 pairs of answers, of which people preferred one: too few to generalize from. */
function humanPreferences(): Task {
  return {
    rows: parseJsonl(readFileSync(new URL('../data/hh-rlhf-sample.jsonl', import.meta.url), 'utf8')) as Task['rows'],
    validation: 12,
    demonstrations: ['chosen'],
    isMarked: false,
    answerTokens: 24,
    sizes: { maxLength: 96, width: 64, heads: 4, blocks: 2 },
    batchSize: 8,
    sftEpochs: 16,
    sftRate: 1e-3,
    epochs: 10,
    rate: 1e-4,
    // IPO's target margin is 1 / (2 beta) nats per token; with beta 0.1 it would be 5, which would ruin the model. For ORPO, 1 makes the
    // effect of the odds term visible within a minute; the paper uses 0.1.
    beta: { dpo: 0.1, ipo: 0.5, kto: 0.1, orpo: 1 },
    evaluateEvery: 10,
  };
}

/** The tasks, by the name that `--data` takes. */
export const TASKS = { ordering, 'hh-rlhf': humanPreferences };
export type TaskName = keyof typeof TASKS;
