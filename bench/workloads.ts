import * as tf from '@tensorflow/tfjs-core';
import { prefloss } from './built.js';
import { hashed } from '../tools/hashed.js';

const { dpo, IGNORE_INDEX, ops, sequenceLogProbs, splitPairs, tokenLogProbs } = prefloss;

/** Sizes of logits: batch, tokens, vocabulary. */
export type Shape = readonly [batch: number, tokens: number, vocabulary: number];

/**
 * What is computed from the logits: `logProbs` is a weighted sum of token log-probs with every label counted, so that no
 * route gains by skipping rows; `dpo` is the mean DPO loss with a quarter of the tokens as prompt.
 */
export const WORKLOADS = ['logProbs', 'dpo'] as const;
export type WorkloadName = (typeof WORKLOADS)[number];

/** `naive` uses TensorFlow.js alone. */
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
  /** logProbs: the upstream gradient of each log-prob. dpo: 1 for counted tokens, otherwise 0. */
  readonly weights: tf.Tensor2D;
}

/** The inputs of a workload; `pytorch/head.py` generates the same ones. */
export function makeInputs(workload: WorkloadName, shape: Shape): Inputs {
  const [batch, tokens, vocabulary] = shape;
  const logits = hashed(batch * tokens * vocabulary, 1, 4);
  const isPrompt = (row: number) => workload === 'dpo' && row % tokens < Math.floor(PROMPT * tokens);
  // This stride divides no vocabulary here, so the labels spread over all of it.
  const labels = Int32Array.from({ length: batch * tokens }, (_, row) => (isPrompt(row) ? IGNORE_INDEX : (row * 7919) % vocabulary));
  const weights = workload === 'dpo' ? Float32Array.from(labels, (_, row) => (isPrompt(row) ? 0 : 1)) : hashed(batch * tokens, 2);
  return {
    logits: tf.tensor3d(logits, [batch, tokens, vocabulary]),
    labels: tf.tensor2d(labels, [batch, tokens], 'int32'),
    weights: tf.tensor2d(weights, [batch, tokens]),
  };
}

/** Uploads the inputs to the backend before anything is measured. */
export async function upload(inputs: Inputs): Promise<void> {
  for (const tensor of [inputs.logits, inputs.labels, inputs.weights]) await readOne(tensor);
}

export const disposeInputs = (inputs: Inputs): void => {
  tf.dispose([inputs.logits, inputs.labels, inputs.weights]);
};

type ValueOf = (logits: tf.Tensor3D, inputs: Inputs) => tf.Tensor;

// oneHot keeps its default dtype int32: with float32 the result is garbage on wasm.
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
      const side = tf.fill<tf.Rank.R1>([policy.chosen.size], REFERENCE);
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

/** Waits until the gradient is computed. Only a GPU has a queue; elsewhere this would only cost a read. */
export async function finish({ grad }: ValueAndGrad): Promise<void> {
  if (tf.getBackend() === 'webgpu') await readOne(grad);
}

/** Reads one number of a tensor, so that all of it must have been computed. */
async function readOne(tensor: tf.Tensor): Promise<void> {
  const one = tf.tidy(() => tf.slice(tf.reshape(tensor, [-1]), [0], [1]));
  await one.data();
  one.dispose();
}

/** One whole run; disposes its results. */
export async function run(workload: WorkloadName, route: RouteName, inputs: Inputs): Promise<void> {
  const result = valueAndGrad(workload, route, inputs);
  await finish(result);
  tf.dispose([result.value, result.grad]);
}
