import type { TemplateMessage } from 'prefloss';
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
