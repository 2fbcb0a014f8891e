import { describe, it } from 'vitest';
import { segmentAttentionMask } from '../../src/index.js';
import { expectError, expectNoLeak, expectValues, ints, tensor, type X } from '../support/engine.js';

describe('segmentAttentionMask', () => {
  it('lets a token see itself and earlier tokens of its segment, padding only padding', async () => {
    await expectValues(
      segmentAttentionMask<X>(
        ints([
          [1, 1, 2, 0, 0],
          [1, 2, 2, 2, 3],
        ]),
      ),
      [
        // prettier-ignore
        [[1, 0, 0, 0, 0], [1, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 1, 1]], // prettier-ignore
        [[1, 0, 0, 0, 0], [0, 1, 0, 0, 0], [0, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 0, 0, 1]], // prettier-ignore
      ],
    );
  });

  it('leaks nothing, and names bad input', () => {
    const [segments, flat] = [ints([[1, 2]]), tensor([1, 2])];
    expectNoLeak(() => segmentAttentionMask<X>(segments));
    expectError(() => segmentAttentionMask<X>(flat), RangeError, 'segmentAttentionMask: segments has shape [2], expected rank 2');
  });
});
