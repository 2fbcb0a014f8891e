import { add, logSigmoid } from '../backend/ops.js';
import { checkUnused } from './checks.js';
import { notZero, positive } from './domains.js';
import { exponentialScore, MAX_EXPONENT } from './numerics.js';
import { choice, number, optional } from './options.js';

/** Readers of the options that choose a divergence. */
export const divergenceScoreReaders = () => ({
  divergence: choice(['reverseKl', 'forwardKl', 'jensenShannon', 'alpha', 'chiSquaredKl']),
  alpha: optional(number(notZero)),
  maxExponent: optional(number(positive)),
});

interface Read {
  readonly divergence: 'reverseKl' | 'forwardKl' | 'jensenShannon' | 'alpha' | 'chiSquaredKl';
  readonly alpha: number | undefined;
  readonly maxExponent: number | undefined;
}

/** The score g of a log-ratio under a divergence; the doc comment of `fDpo` lists them. Checks that the divergence uses the given options. */
export function divergenceScore<T>(fn: string, read: Read): (ratio: T) => T {
  const { divergence, alpha = 0.5, maxExponent = MAX_EXPONENT } = read;
  if (divergence !== 'alpha') checkUnused(fn, read, ['alpha'], `by ${divergence}`);
  if (divergence === 'reverseKl' || divergence === 'jensenShannon') checkUnused(fn, read, ['maxExponent'], `by ${divergence}`);
  return {
    reverseKl: (ratio: T) => ratio,
    forwardKl: (ratio: T) => exponentialScore(ratio, 1, maxExponent),
    jensenShannon: (ratio: T) => logSigmoid(ratio),
    alpha: (ratio: T) => exponentialScore(ratio, alpha, maxExponent),
    chiSquaredKl: (ratio: T) => add(ratio, exponentialScore(ratio, -1, maxExponent)),
  }[divergence];
}
