import { describe, expect, it } from 'vitest';
import { expectClose } from '../../src/testing/index.js';

describe('expectClose', () => {
  const fails = (f: () => unknown, message: string) => {
    expect(f).toThrow(new Error(message));
  };

  it('accepts numbers, lists and typed arrays within the tolerance', () => {
    expectClose(1 + 1e-7, 1);
    expectClose([[1], [2]], [[1], [2]], { relative: 0 });
    expectClose(new Float32Array([1, 2]), [1, 2.1], { absolute: 0.2 });
    expectClose([NaN, Infinity, -Infinity, -0], [NaN, Infinity, -Infinity, 0], { relative: 0 });
  });

  it('names the worst index', () => {
    fails(() => {
      expectClose(
        [
          [1, 2],
          [3, 5],
        ],
        [
          [1, 2.5],
          [3, 4],
        ],
        { absolute: 0.25, relative: 0 },
      );
    }, 'expectClose: 2 of 4 values are off, the worst at [1, 1]: got 5, expected 4, a difference of 1 (allowed: absolute 0.25, relative 0)');
  });

  it('is strict about NaN and infinity', () => {
    for (const [a, b] of [
      [NaN, 1],
      [1, NaN],
      [Infinity, 1e308],
      [1e308, Infinity],
      [Infinity, -Infinity],
      [NaN, Infinity],
    ] as const) {
      expect(() => {
        expectClose(a, b, { absolute: 1e300 });
      }).toThrow('1 of 1 values are off');
    }
  });

  it('rejects unknown and bad options', () => {
    expect(() => {
      expectClose(1, 1, { rtol: 1 } as never);
    }).toThrow(new RangeError('expectClose: unknown option rtol, expected absolute, relative'));
    expect(() => {
      expectClose(1, 1, { relative: NaN });
    }).toThrow(new RangeError('expectClose: relative must be finite and >= 0, got NaN'));
    expect(() => {
      expectClose(1, 1, { absolute: -1 });
    }).toThrow(new RangeError('expectClose: absolute must be finite and >= 0, got -1'));
  });

  it('is strict about shapes', () => {
    fails(() => {
      expectClose([1, 2], [1]);
    }, 'expectClose: actual has 2 values up to index [1], expected has 1 values up to index [0]');
    fails(() => {
      expectClose([[1, 2]], [1, 2]);
    }, 'expectClose: actual has 2 values up to index [0, 1], expected has 2 values up to index [1]');
    expect(() => {
      expectClose('x' as never, 1);
    }).toThrow(new TypeError('expectClose: a string is not a number or a list'));
  });
});
