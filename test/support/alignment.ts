import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import {
  AdamW,
  attachReference,
  batchesOf,
  clipByGlobalNorm,
  collatePairs,
  completionLogProbs,
  dpo,
  noGrad,
  ops,
  pairMetrics,
  precomputeReference,
  readMetrics,
  splitPairs,
  syncReference,
  valueAndGrads,
  type EncodedPair,
  type Nested,
  type Pair,
} from '../../src/index.js';
import { expectClose, type Values } from '../../src/testing/index.js';
import type { LanguageModel } from '../../tools/models/languageModel.js';
import { epsilon, flatten, liveTensors, read } from './engine.js';
import { onCpu } from './onCpu.js';

/** Sizes that the pairs fit in. */
export const SIZES = { vocabulary: 32, maxLength: 8 };

/** Long, because a software GPU is slow, and slower while other tests run. */
export const TIMEOUT_MS = 300_000;

const STEPS = 20;
const BATCH_SIZE = 2;

/** Pairs with prompts and completions of different lengths. */
const PAIRS = Array.from({ length: 4 }, (_, row): EncodedPair => {
  const prompt = [1, 2 + row, 6 + row].slice(0, 2 + (row % 2));
  const side = (...answer: number[]) => ({ tokens: [...prompt, ...answer], mask: [...prompt.map(() => 0), ...answer.map(() => 1)] });
  return { row, chosen: side(10 + row, 14 + row), rejected: side(18 + row, 22 + row, 26 + row) };
});

/** A batch as tensors. */
function batchOf(pairs: readonly EncodedPair[]) {
  const { tokens, mask, reference } = collatePairs(pairs, { padTokenId: 0, padToMultipleOf: SIZES.maxLength });
  return { tokens: tf.tensor2d(tokens, undefined, 'int32'), mask, known: reference };
}

type Batch = ReturnType<typeof batchOf>;

const logpsOf = (model: LanguageModel, batch: Batch): Pair<tf.Tensor1D> =>
  splitPairs(completionLogProbs(model.logits(batch.tokens), batch));

/** The pairs with their log-probs under the model's current weights. */
async function withReference(model: LanguageModel): Promise<EncodedPair[]> {
  return attachReference([PAIRS], await precomputeReference([PAIRS], (pairs) => logpsOf(model, batchOf(pairs))));
}

/** Asserts that the log-probs of the engine equal those computed from its logits in float64. */
async function expectLogps(model: LanguageModel): Promise<void> {
  const { tokens, mask } = collatePairs(PAIRS, { padTokenId: 0, padToMultipleOf: SIZES.maxLength });
  const batch = batchOf(PAIRS);
  const [logits, { chosen, rejected }] = noGrad(() => [model.logits(batch.tokens), logpsOf(model, batch)] as const);
  const scores = (await read(logits)) as number[][][];
  const expected = tokens.map((row, b) =>
    row.reduce((sum, _, t) => {
      const at = scores[b]![t]!;
      return mask[b]![t + 1] ? sum + at[row[t + 1]!]! - Math.log(at.reduce((total, x) => total + Math.exp(x), 0)) : sum;
    }, 0),
  );
  expectClose([await read(chosen), await read(rejected)].flat() as Values, expected, { relative: 10 * epsilon });
  tf.dispose([logits, chosen, rejected]);
  batch.tokens.dispose();
}

/** Loss and metrics of the pairs, as numbers. */
async function evaluate(objective: (batch: Batch) => Record<string, tf.Scalar>, pairs: readonly EncodedPair[]) {
  const batch = batchOf(pairs);
  const scalars = noGrad(() => objective(batch));
  const values = await readMetrics(scalars);
  tf.dispose(scalars);
  batch.tokens.dispose();
  return values;
}

const valuesOf = (variables: readonly tf.Variable[]) => Promise.all(variables.map((variable) => variable.data()));

/**
 * Aligns a model with DPO and asserts what must hold for every model: log-probs, first loss, gradients, memory, and the result of training.
 *
 * @param policy - The model to train.
 * @param reference - A frozen copy. If omitted, the log-probs of the untrained policy are precomputed.
 */
export async function expectAligned(policy: LanguageModel, reference?: LanguageModel): Promise<void> {
  await expectLogps(policy);
  const frozen = await valuesOf(reference?.variables ?? []);
  expect(reference?.variables.some(({ trainable }) => trainable)).not.toBe(true);
  const pairs = reference ? PAIRS : await withReference(policy);
  const objective = (batch: Batch) => {
    const logps = { policy: logpsOf(policy, batch), reference: batch.known ?? noGrad(() => logpsOf(reference!, batch)) };
    return { loss: ops.mean(dpo(logps)), ...pairMetrics(logps) };
  };

  const optimizer = new AdamW({ learningRate: 0.01 });
  const tensors: number[] = [];
  for (let step = 0; step < STEPS; step++) {
    const batches = [...batchesOf(pairs, { batchSize: BATCH_SIZE, seed: step >> 1 })];
    const batch = batchOf(batches[step % batches.length]!);
    const { loss, grads, ...metrics } = valueAndGrads(() => objective(batch), policy.variables);
    const clipped = clipByGlobalNorm(grads, 1);
    optimizer.applyGradients(clipped.grads);
    if (step === 0) {
      expectClose((await read(loss)) as number, Math.LN2, { relative: epsilon });
      for (const { name } of policy.variables) {
        expect(Object.keys(grads)).toContain(name);
        expect([name, (await grads[name]!.data()).some((value) => value !== 0)]).toEqual([name, true]);
      }
    }
    tf.dispose([loss, grads, metrics, clipped]);
    batch.tokens.dispose();
    tensors.push(liveTensors());
  }
  optimizer.dispose();
  expect(tensors.at(-1)).toBe(tensors[1]);

  const after = await evaluate(objective, pairs);
  expect(after.loss).toBeLessThan(0.6);
  expect(after['rewards/margins']).toBeGreaterThan(0.2);
  expect(after['rewards/accuracies']).toBe(1);
  if (!reference) return;
  expect(await valuesOf(reference.variables)).toEqual(frozen);
  syncReference(reference.variables, policy.variables);
  const synced = await evaluate(objective, pairs);
  expectClose(synced.loss!, Math.LN2, { relative: epsilon });
}

/** The loss and the gradients of two steps of DPO. */
async function twoSteps(make: () => LanguageModel): Promise<Nested[]> {
  const model = make();
  const pairs = await withReference(model);
  // Adam would turn the rounding errors of a gradient that is 0, such as that of the keys' bias, into steps of full length.
  const optimizer = tf.train.sgd(1);
  const values: Nested[] = [];
  for (let step = 0; step < 2; step++) {
    const batch = batchOf(pairs);
    const lossOf = () => ops.mean(dpo({ policy: logpsOf(model, batch), reference: batch.known! }));
    const { loss, grads } = valueAndGrads(() => ({ loss: lossOf() }), model.variables);
    optimizer.applyGradients(grads);
    values.push(...(await Promise.all([loss, ...model.variables.map(({ name }) => grads[name]!)].map(read))));
    tf.dispose([loss, grads]);
    batch.tokens.dispose();
  }
  optimizer.dispose();
  tf.dispose([...model.variables]);
  return values;
}

/** Asserts that two steps have the loss and the gradients that tfjs's cpu backend computes. `make` makes the same model each time. */
export async function expectSameAsOnCpu(make: () => LanguageModel): Promise<void> {
  const [actual, expected] = [await twoSteps(make), await onCpu(() => twoSteps(make))];
  const largest = Math.max(...flatten(expected as Values).map(Math.abs));
  expectClose(actual as Values, expected as Values, { relative: 0, absolute: 20 * epsilon * largest });
}
