import type { TemplateMessage } from 'prefloss';
import type { Task } from './task.js';

/**
 * Which of two numbers is larger? Fine-tuning learns both answers to every question, so it teaches how to answer, but not which answer is
 * right. That is in the preferences alone. The numbers are at least 5 apart: a model of this size confuses neighbours.
 */
export function ordering(): Task {
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
