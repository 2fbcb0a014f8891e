import { describe, expect, it } from 'vitest';
import { allowed, firstOff, type Errors } from '../../src/testing/conformance/closeness.js';

const off = (got: number, expected: number, size = Math.abs(expected)) => firstOff([got], [expected], () => allowed('function', size, 24));

describe('firstOff', () => {
  it('takes NaN and infinities for no other number, however large the tolerance', () => {
    for (const number of [NaN, Infinity, -Infinity]) {
      expect(off(number, number)).toBeUndefined();
      expect(off(1, number)).toBe(`is 1 at [0], expected ${number}${Number.isNaN(number) ? '' : ' within Infinity'}`);
      expect(off(number, 1)).toContain(`is ${number} at [0], expected 1 within`);
    }
    expect(off(-Infinity, Infinity)).toContain('is -Infinity');
  });

  it('gives the largest error in units of the precision', () => {
    const errors: Errors = {};
    firstOff([1, 2 + 2 ** -22, -3], [1, 2, -3], (i) => allowed('function', i + 1, 24), errors);
    expect(errors.largest).toBeCloseTo(2, 10);
    firstOff([2], [2], undefined, errors);
    expect(errors.largest).toBeCloseTo(2, 10);
  });
});
