import { readFileSync } from 'node:fs';
import { parseJsonl } from 'prefloss';
import type { Task } from './task.js';

/** 56 pairs of answers, of which people preferred one: too few to generalize from. */
export function humanPreferences(): Task {
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
