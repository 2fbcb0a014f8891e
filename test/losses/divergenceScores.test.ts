import { describe, expect, it } from 'vitest';
import { divergenceScores, dpo, fDpo, type DivergenceScoresOptions, type Pair } from '../../src/index.js';
import { expectClose, type Values } from '../../src/testing/index.js';
import { BOUNDS, precisionOf } from '../support/bounds.js';
import { kernelsOf } from '../support/costs.js';
import {
  engine,
  epsilon,
  expectError,
  expectGradients,
  expectNoLeak,
  expectValues,
  isReadable,
  read,
  tensor,
  weight,
  type X,
} from '../support/engine.js';
import { expectSame } from '../support/expectSame.js';
import { expectPairGradients } from '../support/pairGradients.js';
import { pair, pairLogps, sample, sigmoid, softplus } from '../support/samples.js';

interface Case {
  readonly options: DivergenceScoresOptions;
  /** The score of a log-ratio. */
  readonly g: (rho: number) => number;
  readonly slope: (rho: number) => number;
  /** Scores of the log-ratios 1e4 and -1e4, and their slopes. */
  readonly far: readonly (readonly [score: number, slope: number])[];
  /** Scores of the log-ratios Infinity and -Infinity. */
  readonly limits: readonly number[];
  /** Kernels of both sides. */
  readonly kernels: number;
}

const capped = Math.expm1(80);

const cases: readonly Case[] = [
  {
    options: { divergence: 'reverseKl' },
    g: (rho) => rho,
    slope: () => 1,
    far: [[1e4, 1], [-1e4, 1]],
    limits: [Infinity, -Infinity],
    kernels: 2,
  },
  {
    options: { divergence: 'jensenShannon' },
    g: (rho) => -softplus(-rho),
    slope: (rho) => sigmoid(-rho),
    far: [[0, 0], [-1e4, 1]],
    limits: [0, -Infinity],
    kernels: 8,
  },
  {
    options: { divergence: 'forwardKl' },
    g: (rho) => -Math.expm1(-rho),
    slope: (rho) => Math.exp(-rho),
    far: [[1, 0], [-capped, 0]],
    limits: [1, -capped],
    kernels: 10,
  },
  {
    options: { divergence: 'forwardKl', maxExponent: 3 },
    g: (rho) => -Math.expm1(-rho),
    slope: (rho) => Math.exp(-rho),
    far: [[1, 0], [-Math.expm1(3), 0]],
    limits: [1, -Math.expm1(3)],
    kernels: 10,
  },
  {
    options: { divergence: 'alpha' },
    g: (rho) => -2 * Math.expm1(-rho / 2),
    slope: (rho) => Math.exp(-rho / 2),
    far: [[2, 0], [-2 * capped, 0]],
    limits: [2, -2 * capped],
    kernels: 10,
  },
  {
    options: { divergence: 'alpha', alpha: -0.25 },
    g: (rho) => 4 * Math.expm1(rho / 4),
    slope: (rho) => Math.exp(rho / 4),
    far: [[4 * capped, 0], [-4, 0]],
    limits: [4 * capped, -4],
    kernels: 10,
  },
  {
    options: { divergence: 'chiSquaredKl' },
    g: (rho) => rho + Math.expm1(rho),
    slope: (rho) => 1 + Math.exp(rho),
    far: [[1e4 + capped, 1], [-1e4 - 1, 1]],
    limits: [Infinity, -Infinity],
    kernels: 12,
  },
]; // prettier-ignore

/** Asserts scores as large as e^80, which are as exact as the engine's exponentials. */
async function expectFar(scores: X, expected: readonly number[]): Promise<void> {
  const relative = Math.max(epsilon, BOUNDS[engine].value * 2 ** -precisionOf(engine));
  expectClose((await read(scores)) as Values, [...expected], { relative, absolute: epsilon });
}

/** Scores of log-ratios: those of a policy whose reference is 0. */
function scoresOf(ratios: Pair<X>, options: DivergenceScoresOptions): Pair<X> {
  const zeros = tensor([0, 0]);
  return divergenceScores<X>({ policy: ratios, reference: { chosen: zeros, rejected: zeros } }, options);
}

describe('divergenceScores', () => {
  it('are the log-ratios by default', async () => {
    await expectSame(divergenceScores<X>(pairLogps()).chosen, tensor([1, -1.25, 0]));
    await expectSame(divergenceScores<X>(pairLogps()).rejected, tensor([-1, 2.5, 0]));
  });

  describe.each(cases)('$options', ({ options, g, slope, far, limits, kernels }) => {
    const sides = ['chosen', 'rejected'] as const;

    it.runIf(engine === 'cpu')(`cost ${kernels} kernels`, async () => {
      expect(await kernelsOf(() => divergenceScores<X>(pairLogps(), options))).toHaveLength(kernels);
    });

    it('are g of the log-ratios', async () => {
      const scores = divergenceScores<X>(pairLogps(), options);
      for (const side of sides) {
        const ratios = sample.policy[side].map((p, i) => p - sample.reference[side][i]!);
        await expectValues(scores[side], ratios.map(g), 8);
      }
    });

    it('have the slope of g as their gradient, each with respect to its own side', async () => {
      await expectPairGradients((x) => divergenceScores<X>(x, options).chosen, ({ w }) => slope(w), () => 0); // prettier-ignore
      await expectPairGradients((x) => divergenceScores<X>(x, options).rejected, () => 0, ({ l }) => slope(l)); // prettier-ignore
    });

    it('are what fDpo compares', async () => {
      const reference = pair({ chosen: [0, 0, 0], rejected: [0, 0, 0] });
      await expectSame(dpo<X>({ policy: divergenceScores<X>(pairLogps(), options), reference }), fDpo<X>(pairLogps(), options));
    });

    it('keep the digits of small log-ratios', async () => {
      const ratios = [1e-6, -1e-6];
      const scores = scoresOf(pair({ chosen: ratios, rejected: ratios }), options);
      for (const side of sides) await expectValues(scores[side], ratios.map(g), 1e-6);
    });

    it('are finite for log-ratios of 1e4, as is their gradient', async () => {
      const ratios = [1e4, -1e4];
      for (const side of sides) {
        const f = (x: X): X => scoresOf({ chosen: x, rejected: x }, options)[side];
        await expectFar(f(tensor(ratios)), far.map(([score]) => score)); // prettier-ignore
        await expectGradients(f, [ratios], [far.map(([, s], i) => weight(i) * s)]);
      }
    });

    it('are NaN where the log-ratio is', async () => {
      const scores = scoresOf(pair({ chosen: [NaN, 0], rejected: [0, NaN] }), options);
      await expectValues(scores.chosen, [NaN, g(0)]);
      await expectValues(scores.rejected, [g(0), NaN]);
    });

    // A GPU need not have infinities.
    it.runIf(isReadable)('have their limits where the log-ratio is infinite', async () => {
      const scores = scoresOf(pair({ chosen: [Infinity, -Infinity], rejected: [Infinity, -Infinity] }), options);
      for (const side of sides) await expectFar(scores[side], limits);
    });
  });

  it('leak nothing, and name bad input', () => {
    const x = pairLogps();
    const call = (options: object) => () => divergenceScores<X>(x, options as never);
    expectNoLeak(call({ divergence: 'chiSquaredKl' }), 2);
    expectError(
      call({ divergence: 'kl' }),
      RangeError,
      'divergenceScores: divergence must be one of "reverseKl", "forwardKl", "jensenShannon", "alpha", "chiSquaredKl", got "kl"',
    );
    expectError(call({ alpha: 0.5 }), RangeError, 'divergenceScores: alpha would be ignored by reverseKl');
    expectError(
      call({ divergence: 'jensenShannon', maxExponent: 10 }),
      RangeError,
      'divergenceScores: maxExponent would be ignored by jensenShannon',
    );
    expectError(call({ divergence: 'alpha', alpha: 0 }), RangeError, 'divergenceScores: alpha must be finite and not 0, got 0');
    expectError(
      call({ divergence: 'forwardKl', maxExponent: Infinity }),
      RangeError,
      'divergenceScores: maxExponent must be finite and > 0, got Infinity',
    );
    for (const option of ['beta', 'clip'])
      expectError(
        call({ divergence: 'chiSquaredKl', [option]: 1 }),
        RangeError,
        `divergenceScores: unknown option ${option}, expected divergence, alpha, maxExponent`,
      );
    const two = tensor([1, 2]);
    expectError(
      () => divergenceScores<X>({ ...x, reference: { ...x.reference, rejected: two } }),
      RangeError,
      'divergenceScores: reference.rejected has shape [2], expected [3] like policy.chosen',
    );
    expectError(
      () => divergenceScores<X>({ policy: x.policy } as never),
      TypeError,
      'divergenceScores: logps lacks reference, expected { policy: { chosen, rejected }, reference: { chosen, rejected } }',
    );
  });
});
