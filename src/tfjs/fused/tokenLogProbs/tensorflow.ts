import { exp, gather, max, mul, reshape, sub, sum, tensor, tensor1d, zeros, type Tensor, type TypedArray } from '@tensorflow/tfjs-core';
import { inPlace, onTensorflow } from '../../kernels/tensorflow.js';
import {
  LOWEST,
  softmaxState,
  type BackwardAttributes,
  type BackwardInputs,
  type ForwardAttributes,
  type ForwardInputs,
} from './contract.js';

/**
 * Where the largest logit of every row is within this distance of 0, exponentials of the logits themselves neither overflow nor lose
 * anything next to their largest one. Subtracting the largest logit first would be another pass, into another buffer.
 */
const NEAR_ZERO = 30;

/** The index of each label's logit among all logits, flattened; for an ignored label, that of the first logit of its row. */
function places(labels: TypedArray, vocabulary: number, ignoreIndex: number): Tensor {
  return tensor1d(
    labels.map((label, row) => row * vocabulary + (label === ignoreIndex ? 0 : label)),
    'int32',
  );
}

/** One number per row, as a column that broadcasts over the logits. */
const columnFor = (logits: readonly number[], values: Float32Array): Tensor => tensor(values, [...logits.slice(0, -1), 1]);

/**
 * Runs TensorFlow's own operations, which use all cores, and keeps the powers `e^(logit - shift)` for the backward pass, whose factor
 * per row includes their normalisation. The log-probs are computed in float64.
 */
export const forward = onTensorflow<ForwardInputs, ForwardAttributes>((_, { logits, labels }, { ignoreIndex }) => {
  const y = labels.dataSync();
  const state = new Float32Array(softmaxState.count * y.length);
  const { logp, largest: shift, total } = softmaxState.rowsOf(state);
  const largest = max(logits, -1).dataSync();
  const isNearZero = largest.every((x) => Math.abs(x) <= NEAR_ZERO);
  if (!isNearZero) shift.set(largest.map((x) => Math.max(x, LOWEST)));
  const powers = exp(isNearZero ? logits : sub(logits, columnFor(logits.shape, shift)));
  total.set(sum(powers, -1).dataSync());
  const ofLabels = gather(reshape(logits, [-1]), places(y, logits.shape.at(-1)!, ignoreIndex)).dataSync();
  y.forEach((label, row) => (logp[row] = label === ignoreIndex ? 0 : ofLabels[row]! - shift[row]! - Math.log(total[row]!)));
  return [tensor(logp, labels.shape), tensor(state, [softmaxState.count, y.length]), powers];
});

/** Computes the gradient in one buffer. */
export const backward = onTensorflow<BackwardInputs, BackwardAttributes>(
  (backend, { logits: powers, labels, saved, dy }, { ignoreIndex }) => {
    const [y, d, vocabulary] = [labels.dataSync(), dy.dataSync(), powers.shape.at(-1)!];
    const { logp, total } = softmaxState.rowsOf(saved.dataSync() as Float32Array);
    const isCounted = (row: number): boolean => y[row] !== ignoreIndex;
    const factors = d.map((value, row) => (isCounted(row) ? -value / total[row]! : 0)) as Float32Array;
    const gradient = mul(powers, columnFor(powers.shape, factors));
    const atLabels = d.map((value, row) => (isCounted(row) ? -value * Math.expm1(logp[row]!) : 0));
    // Reshaping shares the memory, so the updates write into the gradient.
    inPlace(backend, 'InplaceUpdate', reshape(gradient, [-1]), places(y, vocabulary, ignoreIndex), tensor1d(atLabels));
    // The powers of an ignored row may be NaN or infinite, and 0 times them is NaN.
    const broken = Array.from(y.keys()).filter((row) => !isCounted(row) && !Number.isFinite(total[row]));
    if (broken.length > 0) {
      inPlace(backend, 'InplaceUpdate', reshape(gradient, [-1, vocabulary]), tensor1d(broken, 'int32'), zeros([broken.length, vocabulary]));
    }
    return gradient;
  },
);
