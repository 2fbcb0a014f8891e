import { describe, it } from 'vitest';
import { logSoftmax } from '../../src/internal/numerics.js';
import { expectClose } from '../../src/testing/index.js';
import { expectGradients, read, tensor, type X, isFloat64 } from '../support/engine.js';
import { weight } from '../support/samples.js';

describe('logSoftmax', () => {
  it('keeps the digits of log-probs next to large logits', async () => {
    const values = await read(logSoftmax<X>(tensor([[4096, 4096.5, 4086]])));
    const total = Math.log(Math.exp(-0.5) + 1 + Math.exp(-10.5));
    expectClose(values as number[][], [[-0.5 - total, -total, -10.5 - total]], { relative: 0, absolute: isFloat64 ? 1e-14 : 4e-6 });
  });

  it('has the gradient of one minus the softmax', async () => {
    const p = [1, 2, 4].map((x) => Math.exp(x) / (Math.exp(1) + Math.exp(2) + Math.exp(4)));
    const sum = p.reduce((total, _, i) => total + weight(i), 0);
    await expectGradients(logSoftmax, [[[1, 2, 4]]], [[p.map((share, i) => weight(i) - share * sum)]]);
  });
});
