import { describe, expect, it } from 'vitest';
import { backendOf, listKernels, tokenDivergence, type TokenDivergenceOptions } from '../../src/index.js';
import { tokenDivergenceDefinition } from '../../src/definitions/tokenDivergence.js';
import { expectClose } from '../../src/testing/index.js';
import {
  derivatives,
  engine,
  epsilon,
  expectError,
  expectGradients,
  expectNoLeak,
  expectValues,
  read,
  rounded,
  tensor,
  type X,
  isFloat64,
  isTfjs,
} from '../support/engine.js';
import { expectAccurate } from '../support/accuracy.js';
import { divergenceOf, softmax } from '../support/distributions.js';
import { weight } from '../support/samples.js';
import { HOLE, SIZES, logitsOf, kinds } from '../support/logits.js';
import { movedDivergence } from '../support/movedByLogits.js';

const OPTIONS = {
  forwardKl: {},
  reverseKl: { divergence: 'reverseKl' },
  jensenShannon: { divergence: 'jensenShannon' },
  'jensenShannon near the policy': { divergence: 'jensenShannon', weight: 0.1 },
} as const satisfies Record<string, TokenDivergenceOptions>;

describe.each(Object.entries<TokenDivergenceOptions>(OPTIONS))('tokenDivergence, %s', (name, options) => {
  const { divergence = 'forwardKl', weight: share = 0.5 } = options;
  const ofLogits = (policy: X, reference: X): X => tokenDivergence<X>(policy, reference, options);
  const exactOf = (policy: number[], reference: number[]) => divergenceOf(policy, reference, divergence, share);

  it.for(Object.entries(kinds))('has the value and gradient of its definition for logits that are %s', async ([kind, range], { task }) => {
    const [scale, shift] = range;
    for (const size of SIZES) {
      const policy = logitsOf(5, size, scale, shift);
      const reference = policy.map((x) => (rounded(x.map((v, i) => v + 0.5 * Math.cos(3 * i))) as number[])); // prettier-ignore
      const exact = policy.map((x, n) => exactOf(x, reference[n]!));
      await expectValues(ofLogits(tensor(policy), tensor(reference)), exact.map(({ value }) => value), 1 + scale + shift); // prettier-ignore
      const { grads } = await derivatives((x: X) => ofLogits(x, tensor(reference)), [policy]);
      // A difference of two probabilities, or a probability times a log-ratio, each accurate to the engine's epsilon.
      const wanted = exact.map(({ gradient }, n) => gradient.map((g) => weight(n) * g));
      expectClose(grads[0] as number[][], wanted, {
        absolute: (2 + (divergence === 'forwardKl' ? 0 : scale + shift)) * epsilon,
        relative: 0,
      });
      if (isFloat64) continue; // no more exact than the oracle
      const got = (await read(ofLogits(tensor(policy), tensor(reference)))) as number[];
      const values = exact.map(({ value }) => value);
      expectAccurate(task.meta, 'tokenDivergence', `${name}, ${kind} logits [5, ${size}]`, {
        value: { got, exact: values, scale: (n) => values[n]! + movedDivergence(policy[n]!, reference[n]!, divergence, share) },
        // The others are products with log-ratios, whose errors are relative to the logits.
        ...(divergence === 'forwardKl' && { gradient: { got: (grads[0] as number[][]).flat(), exact: wanted.flat() } }),
      });
    }
  });

  it('has a gradient that central differences confirm', async () => {
    const [policy, reference] = [logitsOf(3, 7, 2), logitsOf(3, 7, 1.5, 0.25)];
    const expected = policy.map((x, n) => exactOf(x, reference[n]!).gradient.map((g) => weight(n) * g));
    await expectGradients((x) => ofLogits(x, tensor(reference)), [policy], [expected]);
  });

  it('is exactly 0, with no gradient, for equal logits', async () => {
    const logits = logitsOf(4, 47, 4);
    const { value, grads } = await derivatives((x: X) => ofLogits(x, tensor(logits)), [logits]);
    expect(Math.abs(value)).toBeLessThan(8 * epsilon);
    expectClose(grads[0] as number[][], logits.map((x) => x.map(() => 0)), { absolute: 4 * epsilon, relative: 0 }); // prettier-ignore
  });

  it('is close to the chi-squared distance for logits that are close', async () => {
    // To second order, all three are a multiple of the variance of the differences.
    const policy = logitsOf(3, 50, 1);
    // In float32, the differences must be larger than the rounding of the logits.
    const step = isFloat64 ? 1e-3 : 0.05;
    const reference = policy.map((x) => rounded(x.map((v, i) => v + step * Math.cos(i))) as number[]);
    const factor = divergence === 'jensenShannon' ? share * (1 - share) : 1;
    const halfVariance = policy.map((x, n) => {
      const p = softmax(x);
      const gaps = x.map((v, i) => v - reference[n]![i]!);
      const mean = gaps.reduce((sum, g, i) => sum + g * p[i]!, 0);
      return (factor / 2) * gaps.reduce((sum, g, i) => sum + p[i]! * (g - mean) ** 2, 0);
    });
    expectClose((await read(ofLogits(tensor(policy), tensor(reference)))) as number[], halfVariance, {
      relative: 2 * step,
      absolute: isFloat64 ? epsilon / 10 : epsilon,
    });
  });

  it('has no gradient with respect to the reference', async () => {
    const policy = tensor([[1, 2, 4]]);
    const beside = (r: X): X => backendOf<X>(r).add(backendOf<X>(r).sum(r, -1), ofLogits(policy, r));
    await expectGradients(beside, [[[3, 1, 2]]], [[[weight(0), weight(0), weight(0)]]]);
  });

  it.each([4, 47, 1500])('adds nothing for tokens that are impossible for both, among %i logits', async (size) => {
    const hole = (v: number): boolean => v % 3 === 1;
    const row = (of: (v: number) => number): number[] =>
      rounded(Array.from({ length: size }, (_, v) => (hole(v) ? HOLE : of(v)))) as number[];
    const [policy, reference] = [row(Math.sin), row((v) => 2 * Math.cos(v))];
    const { value, gradient } = exactOf(policy, reference);
    await expectValues(ofLogits(tensor([policy]), tensor([reference])), [value], 8);
    const { grads } = await derivatives((x: X) => ofLogits(x, tensor([reference])), [[policy]]);
    expectClose(grads[0] as number[][], [gradient.map((g) => weight(0) * g)], { absolute: 8 * epsilon, relative: 0 });
  });

  it.each([3, 47, 1500])('takes tokens that are impossible for one, among %i logits', async (size) => {
    // All but the last two tokens are impossible for one model, the first half also for the other.
    const one = Array.from({ length: size }, (_, v) => (v < size - 2 ? HOLE : v - size));
    const other = rounded(one.map((_, v) => (v < size / 2 - 1 ? HOLE : Math.sin(v)))) as number[];
    const pairs = { forwardKl: [[other, one]], reverseKl: [[one, other]], jensenShannon: [[one, other], [other, one]] } as const; // prettier-ignore
    for (const [policy, reference] of pairs[divergence]) {
      const { value, gradient } = exactOf(policy, reference);
      await expectValues(ofLogits(tensor([policy]), tensor([reference])), [value], 8);
      const { grads } = await derivatives((x: X) => ofLogits(x, tensor([reference])), [[policy]]);
      expectClose(grads[0] as number[][], [gradient.map((g) => weight(0) * g)], { absolute: 16 * epsilon, relative: 0 });
    }
  });

  it.each([3, 40, 1500])('is NaN for a row with a NaN in either input, among %i logits', async (size) => {
    const row = (at: number): number[] => Array.from({ length: size }, (_, v) => (v === at ? NaN : Math.cos(v)));
    const policy = [0, -1, size - 1, -1].map(row);
    const reference = [-1, Math.floor(size / 2), -1, -1].map(row);
    const f = (x: X): X => ofLogits(x, tensor(reference));
    expect(((await read(f(tensor(policy)))) as number[]).map(Number.isNaN)).toEqual([true, true, true, false]);
    const { grads } = await derivatives(f, [policy]);
    expect((grads[0] as number[][]).map((x) => x.some(Number.isNaN))).toEqual([true, true, true, false]);
  });

  it('keeps the shape and leaks nothing', () => {
    const [a, b] = [tensor([logitsOf(2, 5, 1), logitsOf(2, 5, 3)]), tensor([logitsOf(2, 5, 3), logitsOf(2, 5, 1)])];
    expect(backendOf<X>(a).shape(ofLogits(a, b))).toEqual([2, 2]);
    expectNoLeak(() => ofLogits(a, b));
  });

  // Elsewhere, the definition itself runs.
  it.runIf(isTfjs && listKernels().tokenDivergence![engine] === 'kernel')('equals its definition', async () => {
    const [policy, reference] = [tensor(logitsOf(9, 123, 4)), tensor(logitsOf(9, 123, 3))];
    const [kernel, definition] = [ofLogits(policy, reference), tokenDivergenceDefinition<X>(policy, reference, divergence, share)];
    expectClose((await read(kernel)) as number[], (await read(definition)) as number[], { absolute: 16 * epsilon, relative: 4 * epsilon });
  });
});

describe('tokenDivergence', () => {
  const values = async (policy: X, reference: X, options: TokenDivergenceOptions): Promise<number[]> =>
    (await read(tokenDivergence<X>(policy, reference, options))) as number[];

  it('of Jensen-Shannon is symmetric if weight and models are swapped', async () => {
    const [a, b] = [tensor(logitsOf(4, 30, 3)), tensor(logitsOf(4, 30, 2, 1))];
    const swapped = await values(b, a, { divergence: 'jensenShannon', weight: 0.75 });
    expectClose(await values(a, b, { divergence: 'jensenShannon', weight: 0.25 }), swapped, { absolute: 8 * epsilon, relative: 0 });
  });

  it('of Jensen-Shannon tends to the KL divergences times weight and 1 - weight', async () => {
    const [a, b] = [tensor(logitsOf(4, 30, 1)), tensor(logitsOf(4, 30, 1, 0.5).map((x) => x.map((v) => -v)))];
    const tiny = 2 ** -10;
    const near = { absolute: 0, relative: 8 * tiny + 100 * epsilon / tiny }; // prettier-ignore
    const [forward, reverse] = [await values(a, b, {}), await values(a, b, { divergence: 'reverseKl' })];
    expectClose(await values(a, b, { divergence: 'jensenShannon', weight: tiny }), forward.map((v) => tiny * v), near); // prettier-ignore
    expectClose(await values(a, b, { divergence: 'jensenShannon', weight: 1 - tiny }), reverse.map((v) => tiny * v), near); // prettier-ignore
  });

  it('of Jensen-Shannon is the entropy of the weight for models without a common token', async () => {
    const [a, b] = [tensor([[0, HOLE, 0, HOLE, 1]]), tensor([[HOLE, 0, HOLE, 3, HOLE]])];
    const entropy = -0.25 * Math.log(0.25) - 0.75 * Math.log(0.75);
    expectClose(await values(a, b, { divergence: 'jensenShannon', weight: 0.25 }), [entropy], { absolute: 4 * epsilon, relative: 0 });
  });

  it.each([0.5, 0.1])('of Jensen-Shannon keeps its digits for models that almost agree, with a weight of %d', async (share) => {
    const step = 2 ** -10;
    const policy = logitsOf(8, 50, 1);
    const reference = policy.map((x) => rounded(x.map((v, i) => v + step * Math.cos(i))) as number[]);
    const exact = policy.map((x, n) => divergenceOf(x, reference[n]!, 'jensenShannon', share).value);
    const got = await values(tensor(policy), tensor(reference), { divergence: 'jensenShannon', weight: share });
    // The divergence is of the order of step^2. Its terms are of the order of step.
    expectClose(got, exact, { absolute: step * epsilon, relative: 0 });
  });

  it('of KL is infinite where the second model finds a token impossible', async () => {
    if (HOLE !== -Infinity) return;
    const [a, b] = [tensor([[0, HOLE, 1]]), tensor([[0, 1, 1]])];
    expect(await values(a, b, {})).toEqual([Infinity]);
    expect(await values(b, a, { divergence: 'reverseKl' })).toEqual([Infinity]);
  });

  it('names bad input', () => {
    const [a, flat, other] = [tensor([[1, 2]]), tensor([1, 2]), tensor([[1, 2], [1, 2]])]; // prettier-ignore
    const given = (options: object) => () => tokenDivergence<X>(a, a, options as TokenDivergenceOptions);
    expectError(() => tokenDivergence<X>(flat, flat), RangeError, 'tokenDivergence: policy has shape [2], expected [B, T, V] or [N, V]');
    expectError(() => tokenDivergence<X>(a, other), RangeError, 'tokenDivergence: reference has shape [2, 2], expected [1, 2] like policy');
    expectError(
      given({ divergence: 'kl' }),
      RangeError,
      'tokenDivergence: divergence must be one of "forwardKl", "reverseKl", "jensenShannon", got "kl"',
    );
    expectError(given({ divergence: 'jensenShannon', weight: 1 }), RangeError, 'tokenDivergence: weight must be in (0, 1), got 1');
    expectError(given({ divergence: 'jensenShannon', weight: NaN }), RangeError, 'tokenDivergence: weight must be in (0, 1), got NaN');
    expectError(given({ weight: 0.5 }), RangeError, 'tokenDivergence: weight would be ignored by forwardKl');
    expectError(given({ divergence: 'reverseKl', weight: 0.5 }), RangeError, 'tokenDivergence: weight would be ignored by reverseKl');
    expectError(given({ beta: 0.5 }), RangeError, 'tokenDivergence: unknown option beta, expected divergence, weight');
  });
});
