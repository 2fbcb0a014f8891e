import { describe, it } from 'vitest';
import { ops } from '../../src/index.js';
import { normalQuantile } from '../../src/internal/normalQuantile.js';
import { epsilon, expectValues, isFloat64, read, tensor, type X } from '../support/engine.js';
import { expectClose } from '../../src/testing/index.js';

/** Probabilities that float32 holds, and the quantiles in 18 digits: of the middle, and of both tails. */
const KNOWN = [
  [0.001953125, -2.88563491242675715],
  [0.0625, -1.53412054435254631],
  [0.078125, -1.41779713799626734],
  [0.25, -0.674489750196081743],
  [0.4990234375, -0.00244788161911067745],
  [0.5, 0],
  [0.875, 1.15034938037600818],
  [0.9375, 1.53412054435254631],
  [0.9990234375, 3.09726907819878446],
] as const;

/** Probabilities below those of float32. */
const TINY = [
  [1e-300, -37.0470962993611992],
  [1e-20, -9.26234008979840758],
  [1.3e-11, -6.66761145651074083],
  [1e-8, -5.61200124417478873],
] as const;

describe('normalQuantile', () => {
  it('is known in 18 digits', async () => {
    const cases = isFloat64 ? [...KNOWN, ...TINY] : KNOWN;
    const found = (await read(normalQuantile<X>(tensor(cases.map(([p]) => p))))) as number[];
    const bound = isFloat64 ? 1e-15 : 4 * epsilon;
    expectClose(
      found,
      cases.map(([, x]) => x),
      { relative: bound, absolute: bound / 1000 },
    );
  });

  it('is odd around 1/2', async () => {
    const p = tensor([0.03125, 0.125, 0.4375]);
    await expectValues(ops.add<X>(normalQuantile<X>(p), normalQuantile<X>(ops.sub<X>(1, p))), [0, 0, 0]);
  });
});
