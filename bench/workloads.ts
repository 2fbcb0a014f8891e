import * as tf from '@tensorflow/tfjs-core';
import { prefloss } from './built.js';
import { hashed } from '../tools/hashed.js';

const { dpo, IGNORE_INDEX, ops, sequenceLogProbs, splitPairs, tokenLogProbs } = prefloss;

/** Sizes of logits: batch, tokens, vocabulary. */
export type Shape = readonly [batch: number, tokens: number, vocabulary: number];

/**
 * What is computed from the logits: a weighted sum of token log-probs where every label counts, so that skipping rows
 * cannot be what wins; or the mean DPO loss where a quarter of the tokens is a prompt.
 */
export const WORKLOADS = ['logProbs', 'dpo'] as const;
export type WorkloadName = (typeof WORKLOADS)[number];

/** naive is what there is to write with TensorFlow.js alone. */
export type RouteName = 'naive' | 'ours';

const BETA = 0.1;
/** Both sides have it, so that the differences of log-probs are those of the policy. */
const REFERENCE = -500;
const PROMPT = 0.25;

/** The share of the labels that count. */
export const countedShare = (workload: WorkloadName): number => (workload === 'dpo' ? 1 - PROMPT : 1);

/** Tensors on the active backend; {@link disposeInputs} frees them. */
export interface Inputs {
  readonly logits: tf.Tensor3D;
  readonly labels: tf.Tensor2D;
  /** logProbs: the gradient of what comes after with respect to each log-prob. dpo: 1 where a token counts, else 0. */
  readonly weights: tf.Tensor2D;
}

/** The inputs of a workload; `pytorch/head.py` makes the same. */
export function makeInputs(workload: WorkloadName, shape: Shape): Inputs {
  const [batch, tokens, vocabulary] = shape;
  const logits = hashed(batch * tokens * vocabulary, 1, 4);
  const isPrompt = (row: number) => workload === 'dpo' && row % tokens < Math.floor(PROMPT * tokens);
  // A stride that no vocabulary here is a multiple of spreads the labels over all of it.
  const labels = Int32Array.from({ length: batch * tokens }, (_, row) => (isPrompt(row) ? IGNORE_INDEX : (row * 7919) % vocabulary));
  const weights = workload === 'dpo' ? Float32Array.from(labels, (_, row) => (isPrompt(row) ? 0 : 1)) : hashed(batch * tokens, 2);
  return {
    logits: tf.tensor3d(logits, [batch, tokens, vocabulary]),
    labels: tf.tensor2d(labels, [batch, tokens], 'int32'),
    weights: tf.tensor2d(weights, [batch, tokens]),
  };
}

/** Puts the inputs where the backend computes, before anything is measured. */
export async function upload(inputs: Inputs): Promise<void> {
  for (const tensor of [inputs.logits, inputs.labels, inputs.weights]) await readOne(tensor);
}

export const disposeInputs = (inputs: Inputs): void => {
  tf.dispose([inputs.logits, inputs.labels, inputs.weights]);
};

type ValueOf = (logits: tf.Tensor3D, inputs: Inputs) => tf.Tensor;

// oneHot is of int32, its default: as float32 it is garbage on wasm.
const naiveLogProbs = (logits: tf.Tensor3D, labels: tf.Tensor2D): tf.Tensor2D =>
  tf.sum(tf.mul(tf.logSoftmax(logits), tf.oneHot(labels, logits.shape[2])), -1);

const VALUES: Readonly<Record<WorkloadName, Readonly<Record<RouteName, ValueOf>>>> = {
  logProbs: {
    naive: (logits, { labels, weights }) => tf.sum(tf.mul(weights, naiveLogProbs(logits, labels))),
    ours: (logits, { labels, weights }) => tf.sum(tf.mul(weights, tokenLogProbs(logits, labels))),
  },
  dpo: {
    naive: (logits, { labels, weights }) => {
      const logps = tf.sum(tf.mul(naiveLogProbs(logits, labels), weights), 1);
      const [chosen, rejected] = tf.split(tf.sub(logps, REFERENCE), 2) as [tf.Tensor, tf.Tensor];
      return tf.mean(tf.softplus(tf.mul(tf.sub(chosen, rejected), -BETA)));
    },
    ours: (logits, { labels, weights }) => {
      const policy = splitPairs(sequenceLogProbs(tokenLogProbs(logits, labels), weights));
      const side = tf.fill([policy.chosen.size], REFERENCE);
      return ops.mean(dpo({ policy, reference: { chosen: side, rejected: side } }, { beta: BETA }));
    },
  },
};

interface ValueAndGrad {
  readonly value: tf.Tensor;
  readonly grad: tf.Tensor;
}

/** Forward and backward pass of a workload by one route. */
export function valueAndGrad(workload: WorkloadName, route: RouteName, inputs: Inputs): ValueAndGrad {
  return tf.valueAndGrad((x: tf.Tensor3D) => VALUES[workload][route](x, inputs))(inputs.logits);
}

/** Waits until it is computed. Only a GPU has a queue, and on wasm the slice of a tensor reads all of it. */
export async function finish({ grad }: ValueAndGrad): Promise<void> {
  if (tf.getBackend() === 'webgpu') await readOne(grad);
}

/** Reads one number, for which a tensor has to be there. */
async function readOne(tensor: tf.Tensor): Promise<void> {
  const one = tf.tidy(() => tf.slice(tf.reshape(tensor, [-1]), [0], [1]));
  await one.data();
  one.dispose();
}

/** One whole run, of which nothing stays. */
export async function run(workload: WorkloadName, route: RouteName, inputs: Inputs): Promise<void> {
  const result = valueAndGrad(workload, route, inputs);
  await finish(result);
  tf.dispose([result.value, result.grad]);
}
