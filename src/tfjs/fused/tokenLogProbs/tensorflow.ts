import { exp, gather, max, mul, reshape, sub, sum, tensor, tensor1d, zeros, type Tensor } from '@tensorflow/tfjs-core';
import { LOWEST } from '../../../rows/tokenLogProbs.js';
import { inPlace, onTensorflow } from '../../kernels/tensorflow.js';
import { softmaxState, type BackwardAttributes, type BackwardInputs, type ForwardAttributes, type ForwardInputs } from './contract.js';

/**
 * Where the largest logit of every row is within this distance of 0, exponentials of the logits themselves neither overflow nor lose
 * anything next to their largest one. Subtracting the largest logit first would be another pass, into another buffer.
 */
const NEAR_ZERO = 30;

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
  const [isIgnored, vocabulary] = [(row: number): boolean => y[row] === ignoreIndex, logits.shape.at(-1)!];
  const places = y.map((label, row) => row * vocabulary + (isIgnored(row) ? 0 : label));
  const ofLabels = gather(reshape(logits, [-1]), tensor1d(places, 'int32')).dataSync();
  ofLabels.forEach((x, row) => (logp[row] = isIgnored(row) ? 0 : x - shift[row]! - Math.log(total[row]!)));
  return [tensor(logp, labels.shape), tensor(state, [softmaxState.count, y.length]), powers];
});

/** Computes the gradient in one buffer. */
export const backward = onTensorflow<BackwardInputs, BackwardAttributes>(
  (backend, { logits: powers, labels, saved, dy }, { ignoreIndex }) => {
    const [y, d, vocabulary] = [labels.dataSync(), dy.dataSync(), powers.shape.at(-1)!];
    const { logp, total } = softmaxState.rowsOf(saved.dataSync() as Float32Array);
    const isIgnored = (row: number): boolean => y[row] === ignoreIndex;
    const factors = d.map((value, row) => (isIgnored(row) ? 0 : -value / total[row]!)) as Float32Array;
    const gradient = mul(powers, columnFor(powers.shape, factors));
    // Reshaping shares the memory, so an update writes into the gradient.
    const update = (shape: number[], at: readonly number[], values: Tensor): void => {
      if (at.length > 0) inPlace(backend, 'InplaceUpdate', reshape(gradient, shape), tensor1d(at as number[], 'int32'), values);
    };
    const rows = Array.from(y.keys());
    const labelled = rows.filter((row) => y[row]! >= 0 && y[row]! < vocabulary);
    update(
      [-1],
      labelled.map((row) => row * vocabulary + y[row]!),
      tensor1d(labelled.map((row) => -d[row]! * Math.expm1(logp[row]!))),
    );
    // The powers of an ignored row may be NaN or infinite, and 0 times them is NaN.
    const broken = rows.filter((row) => isIgnored(row) && !Number.isFinite(total[row]));
    update([-1, vocabulary], broken, zeros([broken.length, vocabulary]));
    return gradient;
  },
);
