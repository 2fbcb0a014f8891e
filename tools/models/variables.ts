import * as tf from '@tensorflow/tfjs';
import type { LanguageModel, ModelSizes } from './languageModel.js';

const WIDTH = 16;
const HEADS = 2;

const shapesOf = ({ vocabulary, maxLength }: ModelSizes): number[][] => [
  [vocabulary, WIDTH], // embedding
  [maxLength, WIDTH], // positions
  [WIDTH, 3 * WIDTH], // queries, keys and values
  [WIDTH, 2 * WIDTH], // the two layers of the MLP
  [2 * WIDTH, WIDTH],
  [WIDTH], // scale of the last norm
  [WIDTH, vocabulary], // head
];

const product = (x: tf.Tensor, weight: tf.Tensor): tf.Tensor =>
  tf.reshape(tf.matMul(tf.reshape(x, [-1, weight.shape[0]]), weight), [...x.shape.slice(0, -1), weight.shape[1]!]);

function norm(x: tf.Tensor): tf.Tensor {
  const { mean, variance } = tf.moments(x, -1, true);
  return tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5)));
}

/** Causal attention of several heads from queries, keys and values `[B, T, 3D]`. */
function attention(projected: tf.Tensor): tf.Tensor {
  const [rows, time] = projected.shape as [number, number, number];
  const heads = tf.split(projected, 3, -1).map((x) => tf.transpose(tf.reshape(x, [rows, time, HEADS, -1]), [0, 2, 1, 3]));
  const [query, key, value] = heads as [tf.Tensor, tf.Tensor, tf.Tensor];
  const scores = tf.mul(tf.matMul(query, key, false, true), Math.sqrt(HEADS / WIDTH));
  const allowed = tf.cast(tf.broadcastTo(tf.linalg.bandPart(tf.ones([time, time]), -1, 0), scores.shape as never), 'bool');
  const attended = tf.matMul(tf.softmax(tf.where(allowed, scores, tf.fill(scores.shape, -1e9))), value);
  return tf.reshape(tf.transpose(attended, [0, 2, 1, 3]), [rows, time, WIDTH]);
}

const gelu = (x: tf.Tensor): tf.Tensor => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));

/** A GPT with one block. */
function logits(weights: readonly tf.Variable[], tokens: tf.Tensor2D): tf.Tensor3D {
  const [embedding, positions, projection, hidden, output, scale, head] = weights as readonly [tf.Variable, ...tf.Variable[]];
  const time = tokens.shape[1];
  const embedded = tf.add(tf.gather(embedding, tokens), tf.slice(positions!, 0, time));
  const attended = tf.add(embedded, attention(product(norm(embedded), projection!)));
  const states = tf.add(attended, product(gelu(product(norm(attended), hidden!)), output!));
  return product(tf.mul(norm(states), scale!), head!) as tf.Tensor3D;
}

/** The model with these weights. */
export const ofVariables = (variables: readonly tf.Variable[]): LanguageModel => ({
  variables,
  logits: (tokens) => logits(variables, tokens),
});

/** The weights of a GPT with one block, as bare variables. */
export const newVariables = (sizes: ModelSizes): tf.Variable[] =>
  shapesOf(sizes).map((shape, i) => tf.variable(tf.randomNormal(shape, 0, 0.3, 'float32', i + 1), true, `policy/${i}`));
