import { jit, numpy as np, valueAndGrad, type Array as JaxArray } from '@jax-js/jax';
import { describe, expect, it } from 'vitest';
import { dpo, ops, pairMetrics, tokenLogProbs } from '../../src/core.js';
import { owning } from '../../src/jax/index.js';
import { isReadable, liveTensors } from '../support/engine.js';

const STEPS = 150;
const REFERENCE = { chosen: [-2, -3], rejected: [-3, -2] };

/** The loss of two pairs by the logits of their only tokens, `[4, V]`. */
function lossOf(logits: JaxArray): JaxArray {
  const logps = tokenLogProbs(logits, [3, 1, 4, 1]);
  return ops.mean(dpo({ policy: { chosen: ops.slice(logps, 0, 2), rejected: ops.slice(logps, 2, 4) }, reference: REFERENCE }));
}

const logitsOf = (): JaxArray => np.array([0, 1, 2, 3].map((i) => Array.from({ length: 7 }, (_, v) => Math.sin(3 * i + v))));

/** Asserts that every step after the first, which compiles, leaves as many buffers as it found. */
function expectSteady(step: () => void): void {
  step();
  const before = liveTensors();
  for (let i = 0; i < STEPS; i++) step();
  expect(liveTensors() - before).toBe(0);
}

// Buffers on a GPU cannot be counted.
describe.runIf(isReadable)(`${STEPS} steps on jax-js leave nothing behind`, () => {
  it('of a loss with metrics', () => {
    expectSteady(() => {
      const x = logitsOf();
      const loss = lossOf(x);
      const logps = { chosen: np.array([-1, -2]), rejected: np.array([-2, -2]) };
      const metrics = pairMetrics({ policy: logps, reference: REFERENCE });
      for (const y of [x, loss, ...Object.values(logps), ...Object.values(metrics)]) y.dispose();
    });
  });

  it('of a compiled step', () => {
    const step = jit(valueAndGrad(owning(lossOf)));
    expectSteady(() => {
      for (const y of step(logitsOf())) y.dispose();
    });
  });

  it('of a step that throws', () => {
    expectSteady(() => {
      const x = logitsOf();
      expect(() => lossOf(ops.scope(x, () => ops.reshape(x, [2, 14])) as never)).toThrow(RangeError);
      x.dispose();
    });
  });
});
