import type { Kernel } from '../backend/arrays/onValues.js';
import { float64Of, floatsOf, tensorFrom, type DataTensor } from '../backend/arrays/tensor.js';
import { memoryFor, type Floats, type RowMemory } from './rowMemory.js';

/** Logits `[N, V]` in memory, with the labels of their rows. */
export interface LabelledRows {
  readonly logits: Floats;
  /** Integers `[N]`. */
  readonly labels: ArrayLike<number>;
  readonly vocabulary: number;
  /** The label of ignored rows. */
  readonly ignoreIndex: number;
  /** Gives access to the logits. */
  readonly memory: RowMemory;
}

/**
 * The log-prob of the label of each row, the largest logit, and the sum of `e^(logit - largest)`. The latter two are stored
 * separately, because `largest + log(total)` is rounded: for large logits, the rounding would put an error into every probability of
 * the backward pass.
 */
export interface SoftmaxState {
  readonly logp: Floats;
  readonly largest: Floats;
  readonly total: Floats;
}

/** The lowest float32. It replaces a largest logit of -Infinity, because -Infinity minus itself is NaN. */
export const LOWEST = -3.4028234663852886e38;

/** Computes the state of each row that is not ignored; the others are left as they are. Sums accumulate in float64. */
export function forward(
  { logits, labels, vocabulary, ignoreIndex, memory: { kernels, bytes, forRows } }: LabelledRows,
  state: SoftmaxState,
): void {
  forRows([logits], undefined, vocabulary, ([first], _, from, to) => {
    for (let row = from, x = first; row < to; row++, x += bytes * vocabulary) {
      const label = labels[row]!;
      if (label === ignoreIndex) continue;
      const largest = Math.max(kernels.rowMax(x, vocabulary), LOWEST);
      const total = kernels.sumExp(x, vocabulary, largest);
      state.logp[row] = logits[row * vocabulary + label]! - largest - Math.log(total);
      state.largest[row] = largest;
      state.total[row] = total;
    }
  });
}

/**
 * Computes the gradient with respect to the logits: `-dy * p` everywhere except at the label, where it is `-dy * expm1(logp)`, which
 * equals `dy * (1 - p)` without cancellation. It is 0 in ignored rows. A label outside the logits, which are then a part of the
 * vocabulary, is in another part.
 */
export function backward(
  { logits, labels, vocabulary, ignoreIndex, memory: { kernels, bytes, forRows } }: LabelledRows,
  state: SoftmaxState,
  dy: ArrayLike<number>,
  output: Floats,
): void {
  forRows([logits], output, vocabulary, ([first], target, from, to) => {
    for (let row = from, at = 0; row < to; row++, at += bytes * vocabulary) {
      if (labels[row] === ignoreIndex) continue;
      kernels.scaledExp(first + at, target + at, vocabulary, state.largest[row]!, -dy[row]! / state.total[row]!);
    }
  });
  for (let row = 0; row < labels.length; row++) {
    const [label, start] = [labels[row]!, row * vocabulary];
    if (label === ignoreIndex) output.fill(0, start, start + vocabulary);
    else if (label >= 0 && label < vocabulary) output[start + label] = -dy[row]! * Math.expm1(state.logp[row]!);
  }
}

/** Logits and labels of an engine whose values are in memory. */
export function labelledRows(logits: DataTensor, labels: DataTensor, ignoreIndex: number): LabelledRows {
  const values = floatsOf(logits);
  return { logits: values, labels: float64Of(labels), vocabulary: logits.dims.at(-1)!, ignoreIndex, memory: memoryFor(values) };
}

/** `tokenLogProbs` for logits and labels in memory. */
export const tokenLogProbsInMemory =
  (ignoreIndex: number): Kernel =>
  (inputs) => {
    const [logits, labels] = inputs as [DataTensor, DataTensor];
    const rows = labelledRows(logits, labels, ignoreIndex);
    const size = rows.labels.length;
    const state = { logp: new Float64Array(size), largest: new Float64Array(size), total: new Float64Array(size) };
    forward(rows, state);
    return {
      values: [tensorFrom(state.logp, labels.dims)],
      backward(dy) {
        const gradient = rows.logits.slice().fill(0);
        backward(rows, state, dy, gradient);
        return [float64Of({ data: gradient, dims: logits.dims }), undefined];
      },
    };
  };
