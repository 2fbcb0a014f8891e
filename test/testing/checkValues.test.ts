import { describe, expect, it } from 'vitest';
import { checkValues } from '../../src/testing/index.js';
import { tensor } from '../support/engine.js';

describe('checkValues', () => {
  it('names the first value that is not finite', async () => {
    await checkValues({ a: tensor([1, 2]), b: tensor(3) });
    await checkValues({});
    await expect(
      checkValues({
        a: tensor([1, 2]),
        b: tensor([
          [1, 2],
          [NaN, 4],
        ]),
      }),
    ).rejects.toThrow(new RangeError('checkValues: b[2] is NaN'));
  });
});
