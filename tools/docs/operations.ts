// The operations that language models are made of: a test differentiates each of them on every engine, and docs/models.md lists those
// that TensorFlow.js cannot differentiate.
import * as tf from '@tensorflow/tfjs-core';

export interface Operation {
  readonly run: (...inputs: tf.Tensor[]) => tf.Tensor;
  /** Shapes of the inputs. */
  readonly shapes: readonly (readonly number[])[];
}

const ints = (values: tf.TensorLike) => tf.tensor(values, undefined, 'int32');
const allowed = () => tf.tensor([[1, 0, 0], [1, 1, 0], [1, 1, 1]], undefined, 'bool'); // prettier-ignore
const positive = (x: tf.Tensor) => tf.add(tf.square(x), 0.5);

/** What has a gradient on every backend. */
export const differentiable: Readonly<Record<string, Operation>> = {
  'embedding by gather': { run: (table) => tf.gather(table, ints([[2, 0, 2], [1, 2, 6]])), shapes: [[7, 5]] }, // prettier-ignore
  'gather from a vector': { run: (x) => tf.gather(x, ints([2, 0, 2])), shapes: [[5]] },
  'gather along the second axis': { run: (x) => tf.gather(x, ints([2, 0, 2]), 1), shapes: [[2, 3, 5]] },
  'gather along the last axis': { run: (x) => tf.gather(x, ints([2, 0, 2]), 2), shapes: [[2, 3, 5]] },
  'gather by row of a batch': { run: (x) => tf.gather(x, ints([[2, 0], [1, 1]]), 1, 1), shapes: [[2, 3, 5]] }, // prettier-ignore
  'embedding by one-hot rows': { run: (table) => tf.matMul(tf.cast(tf.oneHot(ints([2, 0, 2]), 7), 'float32'), table), shapes: [[7, 5]] },
  unsortedSegmentSum: { run: (x) => tf.unsortedSegmentSum(x, [0, 3, 0, -1, 2], 4), shapes: [[5, 3]] },

  matMul: { run: (a, b) => tf.matMul(a, b), shapes: [[3, 4], [4, 5]] }, // prettier-ignore
  'matMul, transposeA': { run: (a, b) => tf.matMul(a, b, true), shapes: [[4, 3], [4, 5]] }, // prettier-ignore
  'matMul, transposeB': { run: (a, b) => tf.matMul(a, b, false, true), shapes: [[3, 4], [5, 4]] }, // prettier-ignore
  'matMul of heads': { run: (a, b) => tf.matMul(a, b), shapes: [[2, 2, 3, 4], [2, 2, 4, 5]] }, // prettier-ignore
  'matMul of heads, transposeA': { run: (a, b) => tf.matMul(a, b, true), shapes: [[2, 2, 4, 3], [2, 2, 4, 5]] }, // prettier-ignore
  'matMul of heads, transposeB': { run: (a, b) => tf.matMul(a, b, false, true), shapes: [[2, 2, 3, 4], [2, 2, 5, 4]] }, // prettier-ignore
  'fused dense layer': {
    run: (a, b, bias) => tf.fused.matMul({ a, b, bias, activation: 'relu' }),
    shapes: [[3, 4], [4, 5], [5]], // prettier-ignore
  },

  softmax: { run: (x) => tf.softmax(x), shapes: [[2, 3, 5]] },
  logSoftmax: { run: (x) => tf.logSoftmax(x), shapes: [[2, 3, 5]] },
  logSumExp: { run: (x) => tf.logSumExp(x, -1), shapes: [[2, 3, 5]] },
  'mask by where': { run: (x) => tf.softmax(tf.where(allowed(), x, tf.fill(x.shape, -1e9))), shapes: [[3, 3]] },
  'mask by a sum': { run: (x) => tf.softmax(tf.add(x, tf.mul(tf.sub(tf.cast(allowed(), 'float32'), 1), 1e9))), shapes: [[2, 3, 3]] },
  dropout: { run: (x) => tf.dropout(x, 0.5, undefined, 3), shapes: [[4, 5]] },
  moments: { run: (x) => tf.moments(x, -1, true).variance, shapes: [[2, 3, 5]] },
  'layer norm': {
    run: (x, scale, shift) => {
      const { mean, variance } = tf.moments(x, -1, true);
      return tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5))), scale), shift);
    },
    shapes: [[2, 3, 5], [5], [5]], // prettier-ignore
  },
  'RMS norm': { run: (x) => tf.div(x, tf.sqrt(tf.add(tf.mean(tf.square(x), -1, true), 1e-5))), shapes: [[2, 3, 5]] },

  'GELU by erf': { run: (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)), shapes: [[9]] },
  'GELU by tanh': {
    run: (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(0.044715, tf.pow(x, 3))))), 1)),
    shapes: [[9]],
  },
  SiLU: { run: (x) => tf.mul(x, tf.sigmoid(x)), shapes: [[9]] },
  relu: { run: (x) => tf.relu(x), shapes: [[9]] },
  leakyRelu: { run: (x) => tf.leakyRelu(x, 0.1), shapes: [[9]] },
  elu: { run: (x) => tf.elu(x), shapes: [[9]] },
  softplus: { run: (x) => tf.softplus(x), shapes: [[9]] },
  'exp and log': { run: (x) => tf.log(tf.add(tf.exp(x), 1)), shapes: [[9]] },
  pow: { run: (x, y) => tf.pow(positive(x), y), shapes: [[2, 3], [3]] }, // prettier-ignore
  clipByValue: { run: (x) => tf.clipByValue(x, -0.5, 0.5), shapes: [[9]] },
  'maximum and minimum': { run: (a, b) => tf.sub(tf.maximum(a, b), tf.minimum(a, b)), shapes: [[2, 3], [2, 3]] }, // prettier-ignore
  'broadcast arithmetic': { run: (a, b, c) => tf.sub(tf.div(tf.mul(a, b), positive(c)), b), shapes: [[2, 3, 5], [5], [3, 1]] }, // prettier-ignore

  'sum, mean and max': { run: (x) => tf.add(tf.add(tf.sum(x, 1), tf.mean(x, 1)), tf.max(x, 1)), shapes: [[2, 3, 5]] },
  'cumsum along the last axis': { run: (x) => tf.cumsum(x, 2, true, true), shapes: [[2, 3, 5]] },
  'heads by reshape and transpose': { run: (x) => tf.transpose(tf.reshape(x, [2, 3, 2, 4]), [0, 2, 1, 3]), shapes: [[2, 3, 8]] },
  'queries, keys and values by split': {
    run: (x) => {
      const [q, k, v] = tf.split(x, 3, -1);
      return tf.add(tf.mul(q!, k!), v!);
    },
    shapes: [[2, 3, 6]],
  },
  slice: { run: (x) => tf.slice(x, [0, 1, 0], [-1, 2, 2]), shapes: [[2, 4, 3]] },
  concat: { run: (a, b) => tf.concat([a, b], -1), shapes: [[2, 3, 2], [2, 3, 1]] }, // prettier-ignore
  'stack and unstack': { run: (a, b) => tf.stack(tf.unstack(tf.stack([a, b], 1)), 2), shapes: [[2, 3], [2, 3]] }, // prettier-ignore
  tile: { run: (x) => tf.tile(x, [2, 1, 3, 1]), shapes: [[2, 3, 2, 2]] },
  broadcastTo: { run: (x) => tf.broadcastTo(x, [4, 2, 3]), shapes: [[1, 3]] },
  pad: { run: (x) => tf.pad(x, [[1, 0], [0, 2]]), shapes: [[2, 3]] }, // prettier-ignore
  reverse: { run: (x) => tf.reverse(x, [1]), shapes: [[2, 3, 5]] },
};

/** An operation that TensorFlow.js cannot differentiate. */
export interface Undifferentiable extends Operation {
  /** The backends without its gradient; if omitted, all. */
  readonly backends?: readonly string[];
  /** Whether TensorFlow.js gives a wrong gradient. Otherwise it throws, in the forward or in the backward pass. */
  readonly isWrong?: boolean;
  /** How a model can do without it. */
  readonly instead: string;
}

const image = [1, 4, 4, 2];
const ELSEWHERE = 'another backend';
const BY_TAKING = '`tf.gather`, or a product with one-hot rows';
const BY_BROADCAST = '`tf.broadcastTo` first';

/** What has no gradient on some backends, by its name in the docs. */
export const undifferentiable: Readonly<Record<string, Undifferentiable>> = {
  '`tf.einsum`': {
    run: (a, b) => tf.einsum('bij,bjk->bik', a, b),
    shapes: [[2, 3, 4], [2, 4, 5]], // prettier-ignore
    instead: '`tf.transpose` and `tf.matMul`',
  },
  '`tf.matMul` that broadcasts': {
    run: (a, b) => tf.matMul(a, b),
    shapes: [[2, 3, 4], [4, 5]], // prettier-ignore
    instead: '`tf.reshape` to two axes, or `tf.tile`',
  },
  '`tf.maximum` that broadcasts': { run: (a, b) => tf.maximum(a, b), shapes: [[2, 3], [3]], instead: BY_BROADCAST }, // prettier-ignore
  '`tf.minimum` that broadcasts': { run: (a, b) => tf.minimum(a, b), shapes: [[2, 3], [3]], instead: BY_BROADCAST }, // prettier-ignore
  '`tf.squaredDifference` that broadcasts': {
    run: (a, b) => tf.squaredDifference(a, b),
    shapes: [[2, 3], [2, 1]], // prettier-ignore
    instead: '`tf.square(tf.sub(a, b))`',
  },
  '`tf.cumsum` along another axis than the last': { run: (x) => tf.cumsum(x, 1), shapes: [[2, 3, 4]], instead: '`tf.transpose` first' },
  '`tf.cumprod`': { run: (x) => tf.cumprod(x, 1), shapes: [[2, 3]], instead: '`tf.cumsum` of logarithms' },
  '`tf.stridedSlice`': { run: (x) => tf.stridedSlice(x, [0, 0], [2, 4], [1, 2]), shapes: [[2, 4]], instead: '`tf.reshape` and `tf.slice`' },
  '`tf.topk`': { run: (x) => tf.topk(x, 2).values, shapes: [[2, 5]], instead: 'its `indices`, and a product with one-hot rows' },
  '`tf.gatherND`': { run: (x) => tf.gatherND(x, ints([[0, 1], [1, 2]])), shapes: [[2, 3]], instead: BY_TAKING }, // prettier-ignore
  '`tf.gather` with `batchDims` of 2': {
    run: (x) => tf.gather(x, ints([[[1], [0]], [[0], [2]]]), 2, 2), // prettier-ignore
    shapes: [[2, 2, 3]],
    instead: BY_TAKING,
  },
  '`tf.scatterND`': { run: (x) => tf.scatterND(ints([[0], [2]]), x, [4, 3]), shapes: [[2, 3]], instead: '`tf.unsortedSegmentSum`' },
  '`tf.tensorScatterUpdate`': {
    run: (x, y) => tf.tensorScatterUpdate(x, ints([[0], [2]]), y),
    shapes: [[4, 3], [2, 3]], // prettier-ignore
    instead: '`tf.unsortedSegmentSum` and `tf.where`',
  },
  '`tf.linalg.bandPart`': { run: (x) => tf.linalg.bandPart(x, -1, 0), shapes: [[4, 4]], instead: 'a product with `bandPart` of ones' },
  '`tf.logSigmoid` of a computed tensor': {
    run: (x) => tf.logSigmoid(tf.mul(x, 2)),
    shapes: [[5]],
    instead: '`ops.logSigmoid` of this library',
  },
  '`tf.gather` of no rows': {
    run: (x) => tf.concat([x, tf.gather(x, tf.tensor1d([], 'int32'))]),
    shapes: [[3, 2]],
    backends: ['webgpu', 'webgl'],
    instead: 'a padded row',
  },
  '`tf.conv1d`': {
    run: (x, filter) => tf.conv1d(x as tf.Tensor3D, filter as tf.Tensor3D, 1, 'same'),
    shapes: [[2, 6, 3], [3, 3, 4]], // prettier-ignore
    backends: ['wasm'],
    instead: ELSEWHERE,
  },
  '`tf.conv2d`': {
    run: (x, filter) => tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same'),
    shapes: [image, [3, 3, 2, 3]],
    backends: ['wasm'],
    instead: ELSEWHERE,
  },
  '`tf.depthwiseConv2d`': {
    run: (x, filter) => tf.depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same'),
    shapes: [image, [3, 3, 2, 1]],
    backends: ['wasm'],
    instead: ELSEWHERE,
  },
  '`tf.maxPool` of negative values': {
    run: (x) => tf.maxPool(tf.neg(tf.exp(x as tf.Tensor4D)), 2, 2, 'valid'),
    shapes: [image],
    backends: ['wasm'],
    isWrong: true,
    instead: ELSEWHERE,
  },
  '`tf.conv3d`': {
    run: (x, filter) => tf.conv3d(x as tf.Tensor5D, filter as tf.Tensor5D, 1, 'same'),
    shapes: [[1, 3, 3, 3, 1], [2, 2, 2, 1, 2]], // prettier-ignore
    backends: ['wasm'],
    isWrong: true,
    instead: ELSEWHERE,
  },
};
