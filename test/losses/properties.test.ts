import fc from 'fast-check';
import { describe, it } from 'vitest';
import { backendOf, bradleyTerry, dpo, dpoGradientWeight, ipo, logRatioMargin } from '../../src/index.js';
import { expectClose } from '../../src/testing/index.js';
import { epsilon, isReadable, tensor, type X } from '../support/engine.js';

// Log-probs of answers, from one token to a few hundred.
const logp = fc.double({ min: -400, max: -1e-6, noNaN: true }).map(Math.fround);
const pairs = fc.array(fc.tuple(logp, logp, logp, logp), { minLength: 1, maxLength: 6 });
const beta = fc.double({ min: 0.01, max: 2, noNaN: true }).map(Math.fround);
const smoothing = fc.double({ min: 0, max: 0.49, noNaN: true }).map(Math.fround);

type Rows = readonly (readonly [number, number, number, number])[];
const logps = (rows: Rows) => ({
  policy: { chosen: tensor(rows.map((r) => r[0])), rejected: tensor(rows.map((r) => r[1])) },
  reference: { chosen: tensor(rows.map((r) => r[2])), rejected: tensor(rows.map((r) => r[3])) },
});
const swapped = (rows: Rows): Rows => rows.map(([a, b, c, d]) => [b, a, d, c]);
const values = (x: X): number[] => Array.from(backendOf<X>(x).peek(x)!);

/** Errors are relative to the four log-probs of up to 400 that the margin is made of. */
const expectEqual = (actual: number[], expected: number[], scale: number): void => {
  expectClose(actual, expected, { absolute: 4000 * epsilon * scale });
};

// Many small calls: engines that are read asynchronously are tested on fixed cases only.
describe.runIf(isReadable)('for any log-probs', () => {
  it('dpo of a pair and of the swapped pair differ by beta times the margin', () => {
    fc.assert(
      fc.property(pairs, beta, (rows, b) => {
        const [forward, backward] = [dpo(logps(rows), { beta: b }), dpo(logps(swapped(rows)), { beta: b })].map(values) as [
          number[],
          number[],
        ];
        const margin = values(logRatioMargin<X>(logps(rows)));
        expectEqual(
          forward.map((v, i) => backward[i]! - v),
          margin.map((h) => b * h),
          b,
        );
      }),
    );
  });

  it('label smoothing mixes dpo of a pair and of the swapped pair', () => {
    fc.assert(
      fc.property(pairs, beta, smoothing, (rows, b, labelSmoothing) => {
        const [forward, backward] = [dpo(logps(rows), { beta: b }), dpo(logps(swapped(rows)), { beta: b })].map(values) as [
          number[],
          number[],
        ];
        const mixed = forward.map((v, i) => (1 - labelSmoothing) * v + labelSmoothing * backward[i]!);
        expectEqual(values(dpo(logps(rows), { beta: b, labelSmoothing })), mixed, b);
      }),
    );
  });

  it('dpo is bradleyTerry of the implicit rewards', () => {
    fc.assert(
      fc.property(pairs, (rows) => {
        const rewards = { chosen: tensor(rows.map(([a, , c]) => a - c)), rejected: tensor(rows.map(([, b, , d]) => b - d)) };
        expectEqual(values(bradleyTerry<X>(rewards)), values(dpo(logps(rows), { beta: 1 })), 1);
      }),
    );
  });

  it('the weights of the gradient of dpo for a pair and for the swapped pair are probabilities that sum to 1', () => {
    fc.assert(
      fc.property(pairs, beta, (rows, b) => {
        const weights = [rows, swapped(rows)].map((r) => values(dpoGradientWeight<X>(logps(r), { beta: b }))) as [number[], number[]];
        expectEqual(
          weights[0].map((w, i) => w + weights[1][i]!),
          rows.map(() => 1),
          b,
        );
        if (weights.flat().some((w) => !(w >= 0 && w <= 1))) throw new Error(`not in [0, 1]: ${weights.join('; ')}`);
      }),
    );
  });

  it('ipo is the squared distance from its target margin', () => {
    fc.assert(
      fc.property(pairs, beta, (rows, b) => {
        const margin = values(logRatioMargin<X>(logps(rows)));
        expectClose(
          values(ipo(logps(rows), { beta: b })),
          margin.map((h) => (h - 1 / (2 * b)) ** 2),
          { relative: 4 * epsilon, absolute: epsilon * 1000 ** 2 },
        );
      }),
    );
  });
});
