import { grad, jit, numpy as np, valueAndGrad, vmap, type Array as JaxArray } from '@jax-js/jax';
import { describe, it } from 'vitest';
import { completionLogProbs, dpo, ops, splitPairs, valueAndGrads, type Pair } from '../../src/core.js';
import { owning } from '../../src/jax/index.js';
import { expectClose, type Values } from '../../src/testing/index.js';
import { epsilon, read } from '../support/engine.js';

const lists = {
  policy: { chosen: [-10, -3, -7.5], rejected: [-12, -2, -7.5] },
  reference: { chosen: [-11, -3.5, -7], rejected: [-11, -2.5, -8] },
};
// jax-js takes no interfaces.
/* eslint-disable @typescript-eslint/consistent-type-definitions */
type Sides = { chosen: JaxArray; rejected: JaxArray };
type Logps = { policy: Sides; reference: Sides };
/* eslint-enable @typescript-eslint/consistent-type-definitions */
const arrays = (): Logps => {
  const pair = ({ chosen, rejected }: Pair<number[]>): Sides => ({ chosen: np.array(chosen), rejected: np.array(rejected) });
  return { policy: pair(lists.policy), reference: pair(lists.reference) };
};
const lossOf = (logps: Logps): JaxArray => ops.mean(dpo(logps, { beta: 0.5 }));
const inMemory = valueAndGrads((own: typeof lists) => ({ loss: ops.mean(dpo(own, { beta: 0.5 })) }), lists);

async function expectSame(x: unknown, expected: Values): Promise<void> {
  expectClose((await read(x)) as Values, expected, { relative: 4 * epsilon, absolute: 4 * epsilon });
}

async function expectStep(value: JaxArray, grads: Logps): Promise<void> {
  await expectSame(value, inMemory.loss);
  for (const model of ['policy', 'reference'] as const)
    for (const side of ['chosen', 'rejected'] as const) await expectSame(grads[model][side], inMemory.grads[model][side]);
}

describe('dpo on jax-js', () => {
  it('has the same value under jit', async () => {
    const compiled = jit(owning((logps: Logps): JaxArray => dpo(logps, { beta: 0.5 })));
    const expected = dpo(lists, { beta: 0.5 });
    for (let call = 0; call < 2; call++) await expectSame(compiled(arrays()), expected);
  });

  it('has its gradients under grad', async () => {
    const grads = grad(owning(lossOf))(arrays()) as unknown as Logps;
    await expectStep(lossOf(arrays()), grads);
  });

  it('has its gradients under jit of valueAndGrad', async () => {
    const step = jit(valueAndGrad(owning(lossOf)));
    for (let call = 0; call < 2; call++) {
      const [value, grads] = step(arrays()) as unknown as [JaxArray, Logps];
      await expectStep(value, grads);
    }
  });

  it('takes a batch axis under vmap, also inside jit', async () => {
    const loss = (chosen: JaxArray, rejected: JaxArray): JaxArray =>
      dpo({ policy: { chosen, rejected }, reference: { chosen: np.array([-1, -2]), rejected: np.array([-2, -1]) } });
    const rows = { chosen: [[-1, -3], [-2, -2], [-4, -1]], rejected: [[-2, -2], [-1, -5], [-3, -3]] }; // prettier-ignore
    const expected = rows.chosen.map((chosen, i) =>
      dpo({ policy: { chosen, rejected: rows.rejected[i]! }, reference: { chosen: [-1, -2], rejected: [-2, -1] } }),
    );
    const mapped = vmap(owning(loss));
    for (const f of [mapped, jit(mapped)]) await expectSame(f(np.array(rows.chosen), np.array(rows.rejected)), expected);
  });
});

describe('logits on jax-js', () => {
  const batch = { tokens: [[1, 0, 2, 1], [1, 2, 0, 0]], mask: [[0, 1, 1, 1], [0, 1, 1, 0]] }; // prettier-ignore
  const logits = batch.tokens.map((row, b) => row.map((_, t) => [0.5 * b - t, Math.sin(3 * t + b), 1.5 - t * b]));
  const loss = <T>(x: T): T => {
    const [policy, zeros] = [splitPairs(completionLogProbs(x as never, batch)), { chosen: [-2], rejected: [-3] }];
    return ops.mean(dpo({ policy, reference: zeros } as never)) as T;
  };

  it('have the gradient of the engine in memory under grad and jit of it', async () => {
    const { loss: value, grads } = valueAndGrads((own: { logits: number[][][] }) => ({ loss: loss(own.logits) as never }), { logits });
    await expectSame(loss(np.array(logits)), value as never);
    const derivative = grad(owning(loss<JaxArray>));
    for (const f of [derivative, jit(derivative)]) await expectSame(f(np.array(logits)), grads.logits);
  });
});
