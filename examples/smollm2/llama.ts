import * as tf from '@tensorflow/tfjs';
import type { Weight } from './gguf.js';
import type { LlamaConfig } from './llamaConfig.js';
import type { Adapter } from './lora.js';

/** Constants of the attention for rows of one length. */
interface Tables {
  readonly cos: tf.Tensor;
  readonly sin: tf.Tensor;
  readonly mask: tf.Tensor;
}

/** A finite stand-in for minus infinity, which not every GPU supports. */
const MASKED = -1e9;
const EMBEDDING = 'token_embd.weight';

/** A matrix product, on wasm without the transpose flags, which take a slow path there. */
function product(a: tf.Tensor2D, b: tf.Tensor2D, transposeA = false, transposeB = false): tf.Tensor2D {
  if (tf.getBackend() !== 'wasm') return tf.matMul(a, b, transposeA, transposeB);
  const left = transposeA ? tf.transpose(a) : a;
  // `a b^T` as `(b a^T)^T`: transposing the state, on the left, costs less than transposing the larger weight.
  return transposeB ? tf.transpose(tf.matMul(b, tf.transpose(left))) : tf.matMul(left, b);
}

/** `x w`, `[N, in]` times `[in, out]`, with a gradient with respect to `x` and, if `w` is a variable, to `w`. */
function linear(x: tf.Tensor2D, w: tf.Tensor2D): tf.Tensor2D {
  const byX = (dy: tf.Tensor2D) => product(dy, w, false, true);
  if (!(w instanceof tf.Variable)) {
    return tf.customGrad((input) => ({ value: product(input as tf.Tensor2D, w), gradFunc: (dy: tf.Tensor2D) => byX(dy) }))(x);
  }
  return tf.customGrad((input, weight, save) => {
    (save as tf.GradSaveFunc)([input as tf.Tensor]);
    const gradFunc = (dy: tf.Tensor2D, [saved]: tf.Tensor[]) => [byX(dy), product(saved as tf.Tensor2D, dy, true)];
    return { value: product(input as tf.Tensor2D, weight as tf.Tensor2D), gradFunc };
  })(x, w);
}

/** Products of the matrices in two tensors `[B, H, ., .]`; on wasm one by one, because a batched product takes a slow path there. */
function products(a: tf.Tensor4D, b: tf.Tensor4D, transposeA = false, transposeB = false): tf.Tensor4D {
  if (tf.getBackend() !== 'wasm') return tf.matMul(a, b, transposeA, transposeB);
  const matrices = (x: tf.Tensor4D) => tf.unstack(tf.reshape(x, [-1, x.shape[2], x.shape[3]])) as tf.Tensor2D[];
  const others = matrices(b);
  const each = matrices(a).map((x, i) => product(x, others[i]!, transposeA, transposeB));
  return tf.reshape(tf.stack(each), [a.shape[0], a.shape[1], ...each[0]!.shape]);
}

/** `a b`, or `a b^T`, of the matrices in two tensors, with gradients with respect to both. */
function attend(a: tf.Tensor4D, b: tf.Tensor4D, transposeB = false): tf.Tensor4D {
  return tf.customGrad((x, y, save) => {
    const [left, right] = [x as tf.Tensor4D, y as tf.Tensor4D];
    (save as tf.GradSaveFunc)([left, right]);
    const gradFunc = (dy: tf.Tensor4D, saved: tf.Tensor[]) => {
      const [u, v] = saved as [tf.Tensor4D, tf.Tensor4D];
      return transposeB ? [products(dy, v), products(dy, u, true)] : [products(dy, v, false, true), products(u, dy, true)];
    };
    return { value: products(left, right, false, transposeB), gradFunc };
  })(a, b);
}

/** `f(x)`, recomputed in the backward pass, so that the intermediate results of `f` are not kept until then. */
function checkpointed(f: (x: tf.Tensor2D) => tf.Tensor2D, variables: readonly tf.Variable[], x: tf.Tensor2D): tf.Tensor2D {
  return tf.customGrad((...given) => {
    const [input, save] = [given[0] as tf.Tensor2D, given.at(-1) as tf.GradSaveFunc];
    save([input]);
    const gradFunc = (dy: tf.Tensor2D, [saved]: tf.Tensor[]) => {
      // Taking a gradient inside a backward pass clears the active tape of TensorFlow.js, so it is restored.
      const { state } = tf.engine();
      const tape = state.activeTape;
      const grads = tf.grads((y: tf.Tensor) => f(y as tf.Tensor2D))([saved!, ...variables], dy);
      state.activeTape = tape;
      return grads;
    };
    return { value: f(input), gradFunc };
  })(x, ...variables);
}

/** A Llama with frozen weights and trainable adapters. */
export class Llama {
  private readonly weights = new Map<string, tf.Tensor2D>();
  private readonly tables = new Map<number, Tables>();

  /** Matrices are stored as `[in, out]`, for plain products on wasm, except the embedding, whose rows are gathered. */
  constructor(
    readonly config: LlamaConfig,
    weights: Iterable<Weight>,
  ) {
    for (const { name, shape, values } of weights) {
      const isMatrix = shape.length === 2 && name !== EMBEDDING;
      const weight = tf.tidy(() => {
        const made = tf.tensor(values, [...shape]);
        return isMatrix ? tf.transpose(made) : made;
      });
      this.weights.set(name, weight as tf.Tensor2D);
    }
  }

  /** The token embedding `[V, D]`, which is also the output head. */
  get embedding(): tf.Tensor2D {
    return this.weights.get(EMBEDDING)!;
  }

  /** Shapes `[in, out]` of the weights with the given names in every layer. */
  shapes(...ends: readonly string[]): Map<string, readonly [number, number]> {
    const layers = Array.from({ length: this.config.layers }, (_, i) => ends.map((end) => `blk.${i}.${end}`)).flat();
    return new Map(layers.map((name) => [name, this.weights.get(`${name}.weight`)!.shape]));
  }

  /**
   * Returns the last hidden states `[B, T, D]`.
   *
   * @param tokens - Integers `[B, T]`, padded on the right.
   * @param adapters - If omitted, the original model is computed.
   */
  hidden(tokens: tf.Tensor2D, adapters?: ReadonlyMap<string, Adapter>): tf.Tensor3D {
    const { layers, width } = this.config;
    const [batch, time] = tokens.shape;
    const tables = this.tablesOf(time);
    return tf.tidy(() => {
      let x = tf.gather(this.embedding, tf.reshape(tokens, [-1]));
      for (let i = 0; i < layers; i++) {
        const layer = (input: tf.Tensor2D) => tf.tidy(() => this.layer(input, i, batch, tables, adapters));
        const own = [...(adapters ?? [])].filter(([name]) => name.startsWith(`blk.${i}.`)).flatMap(([, { a, b }]) => [a, b]);
        x = adapters ? checkpointed(layer, own, x) : layer(x);
      }
      return tf.reshape(this.norm(x, 'output_norm'), [batch, time, width]);
    });
  }

  /** Disposes weights and tables. */
  dispose(): void {
    tf.dispose([...this.weights.values()]);
    for (const { cos, sin, mask } of this.tables.values()) tf.dispose([cos, sin, mask]);
  }

  private layer(x: tf.Tensor2D, i: number, batch: number, tables: Tables, adapters?: ReadonlyMap<string, Adapter>): tf.Tensor2D {
    const { heads, keyHeads, width } = this.config;
    const [time, size, group] = [x.shape[0] / batch, width / heads, heads / keyHeads];
    const through = (name: string, input: tf.Tensor2D): tf.Tensor2D => {
      const y = linear(input, this.weights.get(`blk.${i}.${name}.weight`)!);
      const adapter = adapters?.get(`blk.${i}.${name}`);
      if (!adapter) return y;
      const change = linear(linear(input, adapter.a as tf.Tensor2D), adapter.b as tf.Tensor2D);
      return tf.add(y, tf.mul(adapter.scale, change));
    };
    const inHeads = (y: tf.Tensor2D, count: number): tf.Tensor4D => tf.reshape(y, [batch, time, count, size]);
    const rotated = (y: tf.Tensor4D): tf.Tensor4D => {
      const [first, second] = tf.split(y, 2, 3) as [tf.Tensor4D, tf.Tensor4D];
      return tf.add(tf.mul(y, tables.cos), tf.mul(tf.concat([second, first], 3), tables.sin));
    };
    const headsFirst = (y: tf.Tensor4D): tf.Tensor4D => tf.transpose(y, [0, 2, 1, 3]);

    const h = this.norm(x, `blk.${i}.attn_norm`);
    // Query heads that share a key head are adjacent, so they become rows of one matrix and keys and values are not repeated.
    const q: tf.Tensor4D = tf.reshape(headsFirst(rotated(inHeads(through('attn_q', h), heads))), [batch, keyHeads, group * time, size]);
    const k = headsFirst(rotated(inHeads(through('attn_k', h), keyHeads)));
    const v = headsFirst(inHeads(through('attn_v', h), keyHeads));
    const scores: tf.Tensor4D = tf.softmax(tf.add<tf.Tensor4D>(tf.mul(attend(q, k, true), 1 / Math.sqrt(size)), tables.mask));
    const attended = headsFirst(tf.reshape(attend(scores, v), [batch, heads, time, size]));
    const y: tf.Tensor2D = tf.add(x, through('attn_output', tf.reshape(attended, [batch * time, width])));
    const f = this.norm(y, `blk.${i}.ffn_norm`);
    const gate = through('ffn_gate', f);
    return tf.add(y, through('ffn_down', tf.mul(tf.mul(gate, tf.sigmoid(gate)), through('ffn_up', f))));
  }

  private norm(x: tf.Tensor2D, name: string): tf.Tensor2D {
    const scale = tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), this.config.normEpsilon));
    return tf.mul(tf.mul(x, scale), this.weights.get(`${name}.weight`)!);
  }

  private tablesOf(time: number): Tables {
    const known = this.tables.get(time);
    if (known) return known;
    const { heads, keyHeads, width, ropeBase } = this.config;
    const [size, group] = [width / heads, heads / keyHeads];
    const angle = (i: number): number => Math.floor(i / size) * ropeBase ** (-(2 * (i % (size / 2))) / size);
    const values = (f: (i: number) => number) => tf.keep(tf.tensor(Float32Array.from({ length: time * size }, (_, i) => f(i)), [1, time, 1, size])); // prettier-ignore
    const later = (i: number): number => (i % time > Math.floor(i / time) % time ? MASKED : 0);
    const tables = {
      cos: values((i) => Math.cos(angle(i))),
      sin: values((i) => (i % size < size / 2 ? -1 : 1) * Math.sin(angle(i))),
      mask: tf.keep(
        tf.tensor(
          Float32Array.from({ length: group * time * time }, (_, i) => later(i)),
          [1, 1, group * time, time],
        ),
      ),
    };
    this.tables.set(time, tables);
    return tables;
  }
}
