import type { Kernel } from '../backend/arrays/onValues.js';
import { float64Of, floatsOf, tensorFrom, type DataTensor } from '../backend/arrays/tensor.js';
import { memoryFor, type Floats, type RowMemory } from './rowMemory.js';

/** Logits `[N, V]` of two models in memory. */
export interface TwoRows {
  readonly policy: Floats;
  readonly reference: Floats;
  readonly vocabulary: number;
  /** Gives access to the logits. */
  readonly memory: RowMemory;
}

/** The divergence of each row, then the largest logit and the sum of `e^(logit - largest)` for the policy p and for the reference q. */
export interface KlState {
  readonly kl: Floats;
  readonly pLargest: Floats;
  readonly pTotal: Floats;
  readonly qLargest: Floats;
  readonly qTotal: Floats;
}

/** Computes the state of each row. Sums accumulate in float64. */
export function forward({ policy, reference, vocabulary, memory: { kernels, bytes, forRows } }: TwoRows, state: KlState): void {
  const { kl, pLargest, pTotal, qLargest, qTotal } = state;
  forRows([policy, reference], undefined, vocabulary, ([firstP, firstQ], _, from, to) => {
    for (let row = from, at = 0; row < to; row++, at += bytes * vocabulary) {
      const [p, q] = [firstP + at, firstQ + at];
      const [pMax, qMax] = [kernels.rowMax(p, vocabulary), kernels.rowMax(q, vocabulary)];
      const [pSum, qSum] = [kernels.sumExp(p, vocabulary, pMax), kernels.sumExp(q, vocabulary, qMax)];
      kl[row] = kernels.sumExpGap(q, p, vocabulary, qMax, pMax) / qSum + Math.log(pSum / qSum);
      pLargest[row] = pMax;
      pTotal[row] = pSum;
      qLargest[row] = qMax;
      qTotal[row] = qSum;
    }
  });
}

/** Computes the gradient with respect to the logits of the policy, `dy (p - q)`; 0 where `dy` is 0, even if the logits are NaN. */
export function backward(
  { policy, reference, vocabulary, memory: { kernels, bytes, forRows } }: TwoRows,
  { pLargest, pTotal, qLargest, qTotal }: KlState,
  dy: ArrayLike<number>,
  output: Floats,
): void {
  forRows([policy, reference], output, vocabulary, ([firstP, firstQ], target, from, to) => {
    for (let row = from, at = 0; row < to; row++, at += bytes * vocabulary) {
      const [p, q] = [firstP + at, firstQ + at];
      const [pScale, qScale] = [dy[row]! / pTotal[row]!, dy[row]! / qTotal[row]!];
      kernels.scaledExpGap(p, q, target + at, vocabulary, pLargest[row]!, pScale, qLargest[row]!, qScale);
    }
  });
  for (let row = 0; row < dy.length; row++) if (dy[row] === 0) output.fill(0, row * vocabulary, (row + 1) * vocabulary);
}

/** `tokenKl` for logits in memory. */
export const tokenKlInMemory: Kernel = (inputs) => {
  const [p, q] = inputs as [DataTensor, DataTensor];
  const rows = twoRows(p, q);
  const zeros = () => new Float64Array(rows.policy.length / rows.vocabulary);
  const state = { kl: zeros(), pLargest: zeros(), pTotal: zeros(), qLargest: zeros(), qTotal: zeros() };
  forward(rows, state);
  return {
    values: [tensorFrom(state.kl, p.dims.slice(0, -1))],
    backward(dy) {
      const gradient = rows.policy.slice().fill(0);
      backward(rows, state, dy, gradient);
      return [float64Of({ data: gradient, dims: p.dims }), undefined];
    },
  };
};

/** The logits in one precision. */
function twoRows(p: DataTensor, q: DataTensor): TwoRows {
  const [policy, reference] = [floatsOf(p), floatsOf(q)];
  const inFloat32 = policy instanceof Float32Array && reference instanceof Float32Array;
  const [a, b] = inFloat32 ? [policy, reference] : [new Float64Array(policy), new Float64Array(reference)];
  return { policy: a, reference: b, vocabulary: p.dims.at(-1)!, memory: memoryFor(a) };
}
