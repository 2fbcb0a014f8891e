import { expect } from 'vitest';
import { liveTensors } from './engine.js';

/** Asserts the number of tensors that `f` leaves alive. */
export function expectTensors(f: () => unknown, count: number): void {
  const before = liveTensors();
  f();
  expect(liveTensors() - before).toBe(count);
}
