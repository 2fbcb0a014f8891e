import { expect } from 'vitest';
import { epsilon } from './engine.js';
import { sample } from './samples.js';
import { expectClose } from '../../src/testing/index.js';

/** Asserts a record of metrics: the same names, and values relative to the log-probs that go into them. */
export function expectMetrics(actual: Record<string, number>, expected: Record<string, number>): void {
  expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort());
  for (const name of Object.keys(expected)) expectClose(actual[name]!, expected[name]!, { relative: epsilon, absolute: 400 * epsilon });
}

export const mean = (x: number[]) => x.reduce((a, b) => a + b, 0) / x.length;

export const rewards = (side: 'chosen' | 'rejected', beta = 0.1) =>
  sample.policy[side].map((p, i) => beta * (p - sample.reference[side][i]!));
