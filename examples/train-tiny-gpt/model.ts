import * as tf from '@tensorflow/tfjs';
import { frozenCopy } from 'prefloss';

/** Sizes of a {@link TinyGpt}. */
export interface GptConfig {
  /** Number of token ids, V. */
  readonly vocabularySize: number;
  /** Number of position embeddings, which is the maximum length of a row in tokens. */
  readonly maxLength: number;
  /** Width of the hidden states, D; a multiple of `heads`. */
  readonly width: number;
  /** Number of attention heads per block. */
  readonly heads: number;
  /** Number of blocks. */
  readonly blocks: number;
}

/** Name, shape and initialization of a weight: a standard deviation, or 'ones' or 'zeros' for layer norms. */
type WeightSpec = readonly [name: string, shape: readonly number[], start: number | 'ones' | 'zeros'];

/** All weights of the model, in the order of the variables of {@link TinyGpt}. */
function weightSpecs({ vocabularySize, maxLength, width, blocks }: GptConfig): WeightSpec[] {
  const norm = (name: string): WeightSpec[] => [
    [`${name}.gain`, [width], 'ones'],
    [`${name}.bias`, [width], 'zeros'],
  ];
  // As in GPT-2, weights whose results are added to the residual stream start smaller, because each block adds two results.
  const residual = 0.02 / Math.sqrt(2 * blocks);
  const block = (name: string): WeightSpec[] => [
    ...norm(`${name}.norm1`),
    [`${name}.qkv`, [width, 3 * width], 0.02],
    [`${name}.project`, [width, width], residual],
    ...norm(`${name}.norm2`),
    [`${name}.up`, [width, 4 * width], 0.02],
    [`${name}.down`, [4 * width, width], residual],
  ];
  return [
    ['tokens', [vocabularySize, width], 0.02],
    ['positions', [maxLength, width], 0.02],
    ...Array.from({ length: blocks }, (_, i) => block(`block${i}`)).flat(),
    ...norm('norm'),
    ['head', [width, vocabularySize], 0.02],
  ];
}

/**
 * A GPT in plain TensorFlow.js operations: token embeddings, learned position embeddings, blocks, and an output head. A block is causal
 * attention and an MLP, each preceded by a layer norm and added to the residual stream.
 *
 * All that prefloss needs from a model is logits `[B, T, V]`. This model is a list of `tf.Variable` and a function of them; the optimizer,
 * {@link frozenCopy} and the checkpoint all take the list. A `tf.LayersModel` works as well.
 */
export class TinyGpt {
  readonly #weights: ReadonlyMap<string, tf.Variable>;

  constructor(
    readonly config: GptConfig,
    readonly variables: readonly tf.Variable[],
  ) {
    this.#weights = new Map(weightSpecs(config).map(([name], i) => [name, variables[i]!]));
  }

  /** Returns a new model with random weights, which are the same for the same seed. */
  static create(config: GptConfig, seed: number): TinyGpt {
    const variables = weightSpecs(config).map(([, shape, start], i) =>
      tf.tidy(() => {
        if (start === 'ones') return tf.variable(tf.ones([...shape]));
        if (start === 'zeros') return tf.variable(tf.zeros([...shape]));
        // Plus 1, because tfjs treats seed 0 as no seed.
        return tf.variable(tf.randomNormal([...shape], 0, start, 'float32', 1000 * seed + i + 1));
      }),
    );
    return new TinyGpt(config, variables);
  }

  /** Returns a frozen copy of the model, to use as the reference. */
  frozen(): TinyGpt {
    return new TinyGpt(this.config, frozenCopy(this.variables));
  }

  /** Returns the logits `[B, T, V]` of the next tokens for `tokens` `[B, T]`. */
  logits(tokens: number[][]): tf.Tensor3D {
    return tf.tidy(() => {
      const { blocks, width, vocabularySize } = this.config;
      const [rows, time] = [tokens.length, tokens[0]!.length];
      let x = tf.gather(this.#weight('tokens'), tf.tensor2d(tokens, [rows, time], 'int32'));
      x = tf.add(x, tf.slice(this.#weight('positions'), [0, 0], [time, width]));
      for (let i = 0; i < blocks; i++) {
        x = tf.add(x, this.#attention(`block${i}`, this.#norm(`block${i}.norm1`, x)));
        x = tf.add(x, this.#mlp(`block${i}`, this.#norm(`block${i}.norm2`, x)));
      }
      return tf.reshape(this.#linear('head', this.#norm('norm', x)), [rows, time, vocabularySize]);
    });
  }

  #weight(name: string): tf.Variable {
    return this.#weights.get(name)!;
  }

  /** `[B, T, K]` times the weight `[K, M]`, as one product of flattened rows. */
  #linear(name: string, x: tf.Tensor): tf.Tensor {
    const weight = this.#weight(name);
    const [inputs, outputs] = weight.shape as [number, number];
    return tf.reshape(multiply(tf.reshape(x, [-1, inputs]), weight), [...x.shape.slice(0, -1), outputs]);
  }

  #norm(name: string, x: tf.Tensor): tf.Tensor {
    const centred = tf.sub(x, tf.mean(x, -1, true));
    const variance = tf.mean(tf.square(centred), -1, true);
    const normal = tf.mul(centred, tf.rsqrt(tf.add(variance, 1e-5)));
    return tf.add(tf.mul(normal, this.#weight(`${name}.gain`)), this.#weight(`${name}.bias`));
  }

  #attention(name: string, x: tf.Tensor): tf.Tensor {
    const { heads, width } = this.config;
    const [rows, time] = x.shape as [number, number];
    const size = width / heads;
    const [q, k, v] = tf.split(this.#linear(`${name}.qkv`, x), 3, -1).map((part) => tf.reshape(part, [rows, time, heads, size]));
    // [B, heads, T, size] times [B, heads, size, T]
    const scores = tf.matMul(tf.transpose(q!, [0, 2, 1, 3]), tf.transpose(k!, [0, 2, 3, 1]));
    const weights = tf.softmax(tf.add(tf.mul(scores, 1 / Math.sqrt(size)), causalMask(time)));
    const mixed = tf.transpose(tf.matMul(weights, tf.transpose(v!, [0, 2, 1, 3])), [0, 2, 1, 3]);
    return this.#linear(`${name}.project`, tf.reshape(mixed, [rows, time, width]));
  }

  #mlp(name: string, x: tf.Tensor): tf.Tensor {
    const up = this.#linear(`${name}.up`, x);
    const gelu = tf.mul(up, tf.sigmoid(tf.mul(up, 1.702)));
    return this.#linear(`${name}.down`, gelu);
  }
}

/**
 * `tf.matMul` of two matrices with a gradient that transposes them first: tfjs's own passes transpose flags to matMul,
 * which is an order of magnitude slower on wasm.
 */
function multiply(x: tf.Tensor, weight: tf.Tensor): tf.Tensor {
  const product = tf.customGrad((...args) => {
    const [a, b, save] = args as unknown as [tf.Tensor2D, tf.Tensor2D, tf.GradSaveFunc];
    save([a, b]);
    return {
      value: tf.matMul(a, b),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [a, b] = saved as [tf.Tensor2D, tf.Tensor2D];
        return [tf.matMul(dy, tf.transpose(b)), tf.matMul(tf.transpose(a), dy)];
      },
    };
  });
  return product(x, weight);
}

/** Attention mask: 0, or a large negative number for later positions; finite, because WebGPU need not honour infinities. */
function causalMask(time: number): tf.Tensor2D {
  const positions = tf.range(0, time);
  const future = tf.greater(tf.reshape(positions, [1, time]), tf.reshape(positions, [time, 1]));
  return tf.mul(tf.cast(future, 'float32'), -1e9);
}
