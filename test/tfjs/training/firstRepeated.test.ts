import { describe, expect, it } from 'vitest';
import { firstRepeated } from '../../../src/tfjs/training/firstRepeated.js';
import { isArrays } from '../../support/engine.js';

// It needs no engine, so it runs once.
describe.skipIf(!isArrays)('firstRepeated', () => {
  it.each([
    [[], undefined],
    [['a', 'b'], undefined],
    [['a', 'b', 'b', 'a'], 'b'],
    [['constructor', '', ''], ''],
  ] as [string[], string | undefined][])('of %j is %j', (names, expected) => {
    expect(firstRepeated(names)).toBe(expected);
  });
});
