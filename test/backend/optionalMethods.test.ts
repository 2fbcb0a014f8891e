import { describe, expect, it } from 'vitest';
import { backendOf, ops, registerBackend, type Backend } from '../../src/index.js';
import {
  derivatives,
  expectError,
  expectGradients,
  expectNoLeak,
  expectValues,
  isArrays,
  tensor,
  valueAndGradsOn,
  type X,
} from '../support/engine.js';
import { weight } from '../support/samples.js';

// Operations run on an engine with and without its own method for them.

type Optional = 'square' | 'sqrt' | 'pow' | 'detached';

/** Runs `f` on the engine under test, and again without its own methods. */
async function withAndWithout(methods: readonly Optional[], f: () => void | Promise<void>): Promise<void> {
  await f();
  const own = backendOf<X>(tensor(0));
  const kept = Object.fromEntries(Object.entries(own).filter(([name]) => !methods.includes(name as Optional)));
  const unregister = registerBackend({ ...kept, name: isArrays ? own.name : 'without methods' } as Backend<X>);
  await Promise.resolve(f()).finally(unregister);
}

it('pow, sqrt and square', async () => {
  const [x, y] = [[0.25, 0.5, 1.5, 2, 3], [-1.5, 2, 0.5, 3, 1]]; // prettier-ignore
  await withAndWithout(['pow', 'sqrt', 'square'], async () => {
    await expectValues(ops.pow<X>(tensor(x), tensor(y)), x.map((v, i) => v ** y[i]!), 8); // prettier-ignore
    await expectValues(ops.sqrt<X>(tensor(x)), x.map(Math.sqrt), 8);
    await expectValues(ops.square<X>(tensor(y)), y.map((v) => v * v), 8); // prettier-ignore
    await expectGradients((v: X) => ops.square<X>(v), [y], [y.map((v, i) => 2 * weight(i) * v)]);
  });
});

it('the gradient of 0 to the power of 2', async () => {
  const { grads } = await derivatives((v: X) => ops.pow<X>(v, 2), [[0]]);
  expect(grads[0]).toEqual([0]);
});

describe('detached', () => {
  const A = [-2.5, -0.75, 0.5, 1.25, 3];
  const functions = {
    'a tensor': (x: X): X => ops.detached(x, () => ops.exp(ops.neg(x))),
    'a record': (x: X): X => ops.detached(x, () => ({ a: ops.exp(ops.neg(x)), b: x })).a as X,
  };

  it.each(Object.entries(functions))('computes %s without gradient', async (_, f) => {
    await withAndWithout(['detached'], async () => {
      await expectValues(f(tensor(A)), A.map((x) => Math.exp(-x)), 4); // prettier-ignore
      await expectGradients((x) => ops.mul(f(x), x), [A], [A.map((x, i) => weight(i) * Math.exp(-x))]);
    });
  });

  it('frees the tensors it made, except those it returns, also if it throws, and leaves the engine recording', async () => {
    await withAndWithout(['detached'], () => {
      const x = tensor(A);
      expectNoLeak(() => functions['a tensor'](x));
      expectNoLeak(() => ops.detached(x, () => ({ a: ops.exp(ops.neg(x)), b: ops.neg(x) })), 2);
      const failing = (): X => ops.detached(x, () => ops.reshape(ops.neg(x), ops.shape(ops.concat([]))));
      expectError(failing, RangeError, 'concat: xs is empty, expected at least one tensor');
      const { grads } = valueAndGradsOn(x)((xs) => ops.sum<X>(ops.neg(xs[0])), [x]);
      expect(grads).toHaveLength(1);
    });
  });
});
