import { gather, max, mul, reshape, softmax, tensor, tensor1d, zeros, type Tensor, type TypedArray } from '@tensorflow/tfjs-core';
import { inPlace, onTensorflow } from '../../kernels/tensorflow.js';
import type { BackwardAttributes, BackwardInputs, ForwardAttributes, ForwardInputs } from './contract.js';

/** Below this, a log-prob is computed from the logit instead: near the subnormal numbers, a probability loses digits. */
const SMALL = 2 ** -100;

/** The index of each label's logit among all logits, flattened; for an ignored label, that of the first logit of its row. */
function places(labels: TypedArray, vocabulary: number, ignoreIndex: number): Tensor {
  return tensor1d(
    labels.map((label, row) => row * vocabulary + (label === ignoreIndex ? 0 : label)),
    'int32',
  );
}

/** The values of a flattened tensor at these indices. */
const valuesAt = (x: Tensor, at: Tensor): TypedArray => gather(reshape(x, [-1]), at).dataSync();

/**
 * Runs TensorFlow's own softmax, which uses all cores, and returns it for the backward pass. The log-probs are taken from it in
 * float64.
 */
export const forward = onTensorflow<ForwardInputs, ForwardAttributes>((_, { logits, labels }, { ignoreIndex }) => {
  const probabilities = softmax(logits);
  const y = labels.dataSync();
  const at = places(y, logits.shape.at(-1)!, ignoreIndex);
  const likelihoods = valuesAt(probabilities, at);
  const logps = Float32Array.from(likelihoods, (p, row) => (y[row] === ignoreIndex ? 0 : Math.log(p)));
  // NaN counts as lost: in such a row the largest probability is NaN too, so the log-prob stays NaN.
  const isLost = (p: number, row: number) => y[row] !== ignoreIndex && !(p >= SMALL);
  if (likelihoods.some(isLost)) {
    const [x, largest, likeliest] = [valuesAt(logits, at), max(logits, -1).dataSync(), max(probabilities, -1).dataSync()];
    likelihoods.forEach((p, row) => {
      if (isLost(p, row)) logps[row] = x[row]! - largest[row]! + Math.log(likeliest[row]!);
    });
  }
  return [tensor1d(logps), probabilities];
});

/** Computes the gradient from the probabilities, in one buffer. */
export const backward = onTensorflow<BackwardInputs, BackwardAttributes>((backend, { labels, saved, dy }, { ignoreIndex }) => {
  const { shape } = saved;
  const vocabulary = shape.at(-1)!;
  const y = labels.dataSync();
  const at = places(y, vocabulary, ignoreIndex);
  const d = dy.dataSync().map((value, row) => (y[row] === ignoreIndex ? 0 : value));
  const scaled = mul(
    saved,
    tensor(
      d.map((value) => 0 - value),
      [...shape.slice(0, -1), 1],
    ),
  );
  const gradient = reshape(inPlace(backend, 'InplaceAdd', reshape(scaled, [-1]), at, tensor1d(d)), [-1, vocabulary]);
  // A NaN among the logits of an ignored row makes all its probabilities NaN, and multiplying by 0 does not remove a NaN.
  const someOfRow = valuesAt(saved, at);
  const broken = Array.from(y.keys()).filter((row) => y[row] === ignoreIndex && Number.isNaN(someOfRow[row]));
  const cleaned = broken.reduce(
    (g, row) => inPlace(backend, 'InplaceUpdate', g, tensor1d([row], 'int32'), zeros([1, vocabulary])),
    gradient,
  );
  return reshape(cleaned, shape);
});
