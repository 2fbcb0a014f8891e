import { describe, expect, it } from 'vitest';
import { ops } from '../../src/index.js';
import { finite, labelNoise, notNegative, positive, probability, zeroOrOne } from '../../src/internal/domains.js';
import { isReadable, read, tensor, type X } from '../support/engine.js';

const values = [-2, -1, -1e-30, 0, 1e-30, 0.25, 0.5, 0.75, 1, 1.5, 300];

describe('a domain', () => {
  it.each([
    ['positive', positive],
    ['finite', finite],
    ['notNegative', notNegative],
    ['probability', probability],
    ['zeroOrOne', zeroOrOne],
  ])('%s tests numbers and tensors in the same way', async (_, domain) => {
    const held = (await read(domain.holds<X>(tensor(values)))) as number[];
    expect(held.map((v) => v !== 0)).toEqual(values.map((v) => domain.has(v)));
  });

  // A GPU need not support infinities.
  it.runIf(isReadable)('of finite numbers excludes infinities in tensors', async () => {
    for (const domain of [positive, finite, notNegative]) {
      expect(await read(ops.cast(domain.holds<X>(tensor([Infinity, -Infinity, 1])), 'float'))).toEqual([0, 0, 1]);
    }
  });

  it('contains neither NaN nor infinities', () => {
    for (const domain of [positive, finite, notNegative, labelNoise, probability, zeroOrOne]) {
      expect([NaN, Infinity, -Infinity].map((v) => domain.has(v))).toEqual([false, false, false]);
    }
  });
});
