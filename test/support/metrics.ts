import { expect } from 'vitest';
import { epsilon } from './engine.js';
import { sample } from './samples.js';
import { expectClose } from '../../src/testing/index.js';

/** Asserts the names and values of metrics, with a tolerance relative to the size of the log-probs that they are computed from. */
export function expectMetrics(actual: Record<string, number>, expected: Record<string, number>): void {
  expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort());
  for (const name of Object.keys(expected)) expectClose(actual[name]!, expected[name]!, { relative: epsilon, absolute: 400 * epsilon });
}

export const mean = (x: number[]) => x.reduce((a, b) => a + b, 0) / x.length;

export const rewards = (side: 'chosen' | 'rejected', beta = 0.1) =>
  sample.policy[side].map((p, i) => beta * (p - sample.reference[side][i]!));
