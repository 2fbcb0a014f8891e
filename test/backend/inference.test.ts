import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  adaptiveBeta,
  completionLogProbs,
  dpo,
  kto,
  logRatioMargin,
  marginStatistics,
  ops,
  sequenceLogProbs,
  tokenLogProbs,
  type AdaptiveBetaBatch,
  type AdaptiveBetaSums,
  type CompletionBatch,
  type CompletionSpans,
  type RobustDpoOptions,
  type HumanlineBatch,
  type HumanlineClamped,
  type KlStatistics,
  type KtoBatch,
  type LabelledLogps,
  type LevanterMetrics,
  type LinearHead,
  type ListLogps,
  type LossBatch,
  type MarginStatistics,
  type MarginSums,
  type NashMdBatch,
  type OrPlain,
  type OrpoBatch,
  type PackedCompletionBatch,
  type Pair,
  type PairLogps,
  type PairMetrics,
  type RDpoBatch,
  type RewardedListLogps,
  type RewardedLists,
  type RewardStatistics,
  type TdpoBatch,
  type TokenStats,
  type TpoBatch,
  type UnpairedLogps,
  type UnpairedMetrics,
  type WpoTokens,
} from '../../src/index.js';
import { expectSame } from '../support/expectSame.js';
import { isArrays, isReadable, read, tensor, type X } from '../support/engine.js';
import { pairLogps } from '../support/samples.js';

// Variants as users write them, without type arguments in their bodies.
const cautious = <T>(logps: PairLogps<T>) => ops.softplus(ops.neg(ops.mul(ops.sigmoid(logRatioMargin(logps)), 2)));

function clamped<T>({ policy, reference }: PairLogps<T>) {
  const chosen = ops.minimum(ops.sub(policy.chosen, reference.chosen), 0);
  const rejected = ops.sub(1, ops.sub(policy.rejected, reference.rejected));
  const isAhead = ops.greater(chosen, rejected);
  return ops.where(isAhead, ops.div(chosen, 2), ops.where(isAhead, 0, rejected));
}

const centered = <T>({ chosen, rejected }: Pair<T>) => ops.sub(ops.add(chosen, rejected), ops.mean(ops.maximum(chosen, rejected)));

const scalarFirst = <T>(x: T) => ops.sub(ops.mean(x), x);

/** A tree as engines declare it, with plain values next to tensors. */
type Tree = OrPlain<tf.Tensor> | number | string | undefined | { readonly [key: string]: Tree };

/** All records that functions of losses, log-probs and metrics take or return. */
type Batches<T> = [
  AdaptiveBetaBatch<T>,
  AdaptiveBetaSums<T>,
  CompletionBatch<T>,
  CompletionSpans<T>,
  HumanlineBatch<T>,
  HumanlineClamped<T>,
  KlStatistics<T>,
  KtoBatch<T>,
  LabelledLogps<T>,
  LevanterMetrics<T>,
  LinearHead<T>,
  ListLogps<T>,
  LossBatch<T>,
  MarginStatistics<T>,
  MarginSums<T>,
  NashMdBatch<T>,
  OrpoBatch<T>,
  PackedCompletionBatch<T>,
  Pair<T>,
  PairLogps<T>,
  PairMetrics<T>,
  RDpoBatch<T>,
  RewardedListLogps<T>,
  RewardedLists<T>,
  RewardStatistics<T>,
  TdpoBatch<T>,
  TokenStats<T>,
  TpoBatch<T>,
  UnpairedLogps<T>,
  UnpairedMetrics<T>,
  WpoTokens<T>,
];

describe('operations infer the type of their result', () => {
  // Never called: the compiler checks it.
  const compiled = (
    arrays: PairLogps<number[]>,
    tensors: PairLogps<tf.Tensor1D>,
    matrix: tf.Tensor2D,
    scalar: tf.Scalar,
    row: tf.Tensor1D,
    cube: tf.Tensor3D,
    typed: Pair<Float32Array>,
  ): void => {
    expectTypeOf(cautious(arrays)).toEqualTypeOf<number[]>();
    expectTypeOf(cautious(tensors)).toEqualTypeOf<tf.Tensor1D>();
    expectTypeOf(clamped(arrays)).toEqualTypeOf<number[]>();
    expectTypeOf(clamped(tensors)).toEqualTypeOf<tf.Tensor1D>();
    expectTypeOf(centered(arrays.policy)).toEqualTypeOf<number[]>();
    expectTypeOf(centered(tensors.policy)).toEqualTypeOf<tf.Tensor1D>();
    expectTypeOf(scalarFirst(row)).toEqualTypeOf<tf.Tensor1D>();
    expectTypeOf(scalarFirst([1, 2])).toEqualTypeOf<number[]>();

    expectTypeOf(ops.add(row, 1)).toEqualTypeOf<tf.Tensor1D>();
    expectTypeOf(ops.add(1, row)).toEqualTypeOf<tf.Tensor1D>();
    expectTypeOf(ops.mul(scalar, row)).toEqualTypeOf<tf.Tensor1D>();
    expectTypeOf(ops.mul(row, scalar)).toEqualTypeOf<tf.Tensor1D>();
    expectTypeOf(ops.div(scalar, 2)).toEqualTypeOf<tf.Scalar>();
    expectTypeOf(ops.sum(matrix, -1)).toEqualTypeOf<tf.Tensor1D>();
    expectTypeOf(ops.mean(matrix)).toEqualTypeOf<tf.Scalar>();
    expectTypeOf(ops.where(ops.greater(row, 0), row, 0)).toEqualTypeOf<tf.Tensor1D>();
    expectTypeOf(ops.where(matrix, 1, 0)).toEqualTypeOf<tf.Tensor2D>();
    expectTypeOf(ops.where(row, 0, matrix)).toEqualTypeOf<tf.Tensor2D>();

    expectTypeOf(dpo(tensors, { beta: 0.1 })).toEqualTypeOf<tf.Tensor1D>();
    expectTypeOf(dpo(tensors, { beta: scalar, offset: row })).toEqualTypeOf<tf.Tensor1D>();
    expectTypeOf(dpo(arrays, { beta: [0.1, 0.2] })).toEqualTypeOf<number[]>();
    expectTypeOf(ops.add(row, [1, 2])).toEqualTypeOf<tf.Tensor1D>();
    expectTypeOf(ops.mul([true, false], row)).toEqualTypeOf<tf.Tensor1D>();
    expectTypeOf(dpo(tensors, { beta: [0.1] })).toEqualTypeOf<tf.Tensor1D>();
    expectTypeOf(dpo({ policy: tensors.policy, reference: arrays.reference })).toEqualTypeOf<tf.Tensor1D>();
    expectTypeOf(dpo({ policy: tensors.policy, reference: typed })).toEqualTypeOf<tf.Tensor1D>();
    expectTypeOf(kto({ policy: row, reference: [-1], desirable: [true], kl: 0 })).toEqualTypeOf<tf.Tensor1D>();
    expectTypeOf(sequenceLogProbs(matrix, [[true]])).toEqualTypeOf<tf.Tensor1D>();
    expectTypeOf(tokenLogProbs(cube, [[1, 0]])).toEqualTypeOf<tf.Tensor2D>();
    expectTypeOf(completionLogProbs(cube, { tokens: [[1]], mask: [[1]] })).toEqualTypeOf<tf.Tensor1D>();
    expectTypeOf(completionLogProbs({ hidden: cube, weight: matrix }, { labels: [[1]] })).toEqualTypeOf<tf.Tensor1D>();
    expectTypeOf(completionLogProbs([[[0, 0]]], { tokens: [[1]], mask: [[1]] })).toEqualTypeOf<number[]>();
    // @ts-expect-error -- the policy decides the engine: a list there does not take tensors elsewhere
    dpo({ policy: arrays.policy, reference: tensors.reference });
    // @ts-expect-error -- one side of the policy is a list
    dpo({ policy: { chosen: row, rejected: [1] }, reference: arrays.reference });
  };

  // Never called: the compiler checks it.
  const trees = (options: RobustDpoOptions<tf.Tensor1D>, ...batches: Batches<tf.Tensor1D>): readonly Tree[] => {
    // @ts-expect-error -- an interface is not assignable to a type with an index signature
    const tree: Tree = options;
    return [tree, ...batches];
  };

  it('and take and return records that are trees of tensors', () => {
    expect(trees).toBeTypeOf('function');
  });

  it('and return the values of their formulas', async () => {
    expect(compiled).toBeTypeOf('function');
    const side = { chosen: [-1], rejected: [-2] };
    expect(await read(clamped<X>({ policy: tensors(side), reference: tensors(side) }))).toEqual([1]);
    expect(await read(scalarFirst<X>(tensor([1, 3])))).toEqual([1, -1]);
  });
});

const tensors = ({ chosen, rejected }: Pair<number[]>): Pair<X> => ({ chosen: tensor(chosen), rejected: tensor(rejected) });

describe('a scalar tensor as an option that takes one value per example', () => {
  it('equals the number, as for the beta of adaptiveBeta', async () => {
    const logps = pairLogps();
    const margins = logRatioMargin<X>(logps);
    const beta = adaptiveBeta<X>({ margins, statistics: marginStatistics<X>(margins) });
    const [value] = [await read(beta)];
    await expectSame(dpo<X>(logps, { beta }), dpo<X>(logps, { beta: value }));
  });

  it('throws if its value is bad, or makes all results NaN where it cannot be read', async () => {
    const batch = { policy: tensor([1, 2]), reference: tensor([0, 0]), desirable: tensor([1, 0]), kl: tensor(0) };
    const call = (): X => kto<X>(batch, { beta: tensor(-1) });
    if (isArrays) expect(call).toThrow('kto: beta must be finite and > 0, got -1');
    else if (isReadable) expect(call).toThrow('kto: value 0 of beta must be finite and > 0, got -1');
    else expect(await read(call())).toEqual([NaN, NaN]);
  });
});
