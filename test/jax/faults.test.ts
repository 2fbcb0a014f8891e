import { jit, numpy as np, type Array as JaxArray } from '@jax-js/jax';
import { describe, expect, it } from 'vitest';
import { dpo, ops, readMetrics, registerBackend, tokenLogProbs } from '../../src/core.js';
import { jaxJs } from '../../src/jax/adapter.js';
import { owning } from '../../src/jax/index.js';
import { checkGradients } from '../../src/testing/index.js';
import { expectError, isReadable } from '../support/engine.js';

const pair = () => ({ chosen: np.array([-10]), rejected: np.array([-12]) });

describe('on jax-js, an error says what to do about', () => {
  it('an array that jax-js has consumed', () => {
    const policy = pair();
    policy.chosen.add(1).dispose();
    expectError(
      () => dpo({ policy, reference: pair() }),
      TypeError,
      'dpo: policy.chosen is disposed: functions of jax-js consume their arguments, pass them x.ref to keep x',
    );
  });

  it('a value that is read while a transform runs', async () => {
    let read: Promise<unknown> | undefined;
    const f = jit(
      owning((x: JaxArray): JaxArray => {
        read = readMetrics({ loss: ops.sum(x) });
        read.catch(() => undefined);
        return ops.neg(x);
      }),
    );
    f(np.array([1, 2])).dispose();
    await expect(read).rejects.toThrow(
      'readMetrics: a value of jax-js is read while jit, grad or vmap runs: return it from the function and read it there',
    );
  });

  it('tensors of two engines', () => {
    expectError(
      () => dpo({ policy: pair(), reference: { chosen: { data: Float64Array.of(1), dims: [1] }, rejected: np.array([1]) } } as never),
      TypeError,
      'dpo: reference.chosen is on the engine { data, dims }, expected jax-js like policy.chosen',
    );
  });

  it('an engine without gradients', async () => {
    const plain: Partial<typeof jaxJs> = { ...jaxJs };
    delete plain.valueAndGrads;
    const unregister = registerBackend(plain as typeof jaxJs);
    await expect(checkGradients((x) => dpo(x as never), { policy: pair(), reference: pair() })).rejects.toThrow(
      'checkGradients: the engine jax-js has no gradients, expected tensors of an engine with valueAndGrads',
    );
    unregister();
    registerBackend(jaxJs);
  });

  it.runIf(isReadable)('labels out of range, which give NaN where they cannot be read', async () => {
    const [x, y] = [np.array([[1, 2, 3]]), np.array([3], { dtype: np.int32 })];
    expectError(() => tokenLogProbs(x, y), RangeError, 'tokenLogProbs: value 0 of labels must be an integer in [0, 3) or -100, got 3');
    const compiled = jit(owning((own: JaxArray, labels: JaxArray) => tokenLogProbs(own, labels)));
    expect(Array.from((await compiled(x, y).data()) as Float32Array)).toEqual([NaN]);
  });
});
