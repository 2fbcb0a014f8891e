import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { ops } from '../../../src/index.js';
import { derivatives, engine, expectNoLeak, tensor, type X, isTfjs } from '../../support/engine.js';

// The arrays engine has no gradients and no kernels.
describe.runIf(isTfjs)('where with a number', () => {
  const mask = [[1, 0], [0, 1]]; // prettier-ignore
  const x = [[1, 2], [3, 4]]; // prettier-ignore

  it('has no gradient where the number is selected, not even NaN', async () => {
    const f = (selected: X): X => ops.mul(selected, tensor([[1, NaN], [NaN, 1]])); // prettier-ignore
    for (const select of [(v: X): X => ops.where(tensor(mask), v, 0), (v: X): X => ops.where(ops.equal(tensor(mask), 0), 0, v)]) {
      const { grads } = await derivatives((v) => f(select(v)), [x]);
      const [[a, b], [c, d]] = grads[0] as [number[], number[]];
      expect([b, c]).toEqual([0, 0]);
      expect([a, d].every((g) => g! > 0)).toBe(true);
    }
  });

  it('is differentiable twice', async () => {
    const slope = (v: X): X => tf.grad((w: X) => tf.sum(tf.square(ops.where(tensor(mask), w, 5))))(v);
    const { grads } = await derivatives((v) => slope(v), [x]);
    const [[a, b], [c, d]] = grads[0] as [number[], number[]];
    expect([b, c]).toEqual([0, 0]);
    expect([a, d].every((g) => g! > 0)).toBe(true);
  });

  it('repeats the number at most once, and multiplies nothing', async () => {
    const [m, v] = [tensor(mask), tensor(x)];
    const { kernels } = await tf.profile(() => tf.tidy(() => tf.grad((w: X) => ops.where(m, w, 0))(v)));
    const names = kernels.map(({ name }) => name);
    const select = engine === 'tfjs-node' ? 'PreflossSelect' : 'Select';
    expect(names.filter((name) => name === select)).toHaveLength(2);
    expect(names.filter((name) => ['Tile', 'Multiply', 'LogicalNot'].includes(name))).toEqual([]);
    expectNoLeak(() => ops.scope(v, () => ops.where(m, v, 0)));
  });
});
