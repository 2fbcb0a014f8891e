import * as tf from '@tensorflow/tfjs';
import type { ModelSizes } from './languageModel.js';

const WIDTH = 16;

/** Causal attention from queries, keys and values `[B, T, D]`. */
class CausalAttention extends tf.layers.Layer {
  static className = 'CausalAttention';

  override computeOutputShape([query]: tf.Shape[]): tf.Shape {
    return query!;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const [query, key, value] = inputs as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];
      const [, time, width] = query.shape;
      const allowed = tf.linalg.bandPart(tf.ones([time, time]), -1, 0);
      const scores = tf.mul(tf.matMul(query, key, false, true), 1 / Math.sqrt(width));
      return tf.matMul(tf.softmax(tf.add<tf.Tensor3D>(scores, tf.mul(tf.sub(allowed, 1), 1e9))), value);
    });
  }
}
tf.serialization.registerClass(CausalAttention);

const symbolic = (layer: tf.layers.Layer, inputs: tf.SymbolicTensor | tf.SymbolicTensor[]) => layer.apply(inputs) as tf.SymbolicTensor;
const dense = (units: number, seed: number, inputs: tf.SymbolicTensor, activation: 'linear' | 'gelu_new' = 'linear') =>
  symbolic(tf.layers.dense({ units, activation, kernelInitializer: tf.initializers.glorotNormal({ seed }) }), inputs);

/** A transformer block as a nested model. */
function block(seed: number): tf.LayersModel {
  const input = tf.input({ shape: [null, WIDTH] });
  const normed = symbolic(tf.layers.layerNormalization(), input);
  const attended = symbolic(
    new CausalAttention({}),
    [0, 1, 2].map((i) => dense(WIDTH, seed + i, normed)),
  );
  const sum = symbolic(tf.layers.add(), [input, symbolic(tf.layers.dropout({ rate: 0.5 }), attended)]);
  const hidden = dense(2 * WIDTH, seed + 3, symbolic(tf.layers.layerNormalization(), sum), 'gelu_new');
  return tf.model({ inputs: input, outputs: symbolic(tf.layers.add(), [sum, dense(WIDTH, seed + 4, hidden)]) });
}

/** A tf.LayersModel with a transformer block as a nested model. */
export function newLayersModel({ vocabulary }: ModelSizes): tf.LayersModel {
  const input = tf.input({ shape: [null], dtype: 'int32' });
  const embeddingsInitializer = tf.initializers.randomNormal({ stddev: 0.5, seed: 1 });
  const embedded = symbolic(tf.layers.embedding({ inputDim: vocabulary, outputDim: WIDTH, embeddingsInitializer }), input);
  return tf.model({ inputs: input, outputs: dense(vocabulary, 2, symbolic(block(3), embedded)) });
}
