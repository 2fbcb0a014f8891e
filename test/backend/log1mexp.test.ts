import { describe, it } from 'vitest';
import { ops } from '../../src/index.js';
import { expectClose } from '../../src/testing/index.js';
import { derivatives, expectGradients, read, tensor, type X, isFloat64 } from '../support/engine.js';
import { weight } from '../support/samples.js';

// log(1 - e^x) to 17 digits, by mpmath: mp.log(-mp.expm1(x)).
const exact: [number, number][] = [
  [-1e-30, -69.0775527898213704],
  [-1e-10, -23.0258509299904568],
  [-0.5, -0.932752129567188572],
  [-1, -0.458675145387081891],
  [-5, -0.00676074944948855783],
  [-20, -2.06115362456273496e-9],
];

describe('log1mexp', () => {
  it('is accurate from -20 to -1e-30', async () => {
    const values = (await read(ops.log1mexp<X>(tensor(exact.map(([x]) => x))))) as number[];
    expectClose(
      values,
      exact.map(([, y]) => y),
      isFloat64 ? { relative: 1e-15, absolute: 2e-16 } : { relative: 5e-6, absolute: 1e-7 },
    );
  });

  it('treats arguments from -1e-30 up, also above 0, as -1e-30', async () => {
    const values = (await read(ops.log1mexp<X>(tensor([0, 1e-9])))) as number[];
    expectClose(values, [exact[0]![1], exact[0]![1]], { relative: 2e-6 });
  });

  it('has the gradient -1 / expm1(-x)', async () => {
    const x = [-0.25, -1, -5];
    await expectGradients(ops.log1mexp, [x], [x.map((v, i) => -weight(i) / Math.expm1(-v))]);
  });

  // The arrays engine has no gradients, and central differences would step past 0.
  it('has a finite gradient at 0 and near it', async () => {
    const { grads } = await derivatives(ops.log1mexp, [[0, -1e-30, -1e-10]]);
    expectClose(
      grads[0] as number[],
      [-1e30, -1e30, -1e10].map((g, i) => weight(i) * g),
      { relative: 1e-5 },
    );
  });
});
