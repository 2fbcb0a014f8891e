import type { Kernel } from '../backend/arrays/onValues.js';
import { float64Of, floatsOf, tensorFrom, type DataTensor } from '../backend/arrays/tensor.js';
import type { TokenDivergence } from '../backend/types.js';
import { memoryFor, type Floats, type RowMemory } from './rowMemory.js';
import { LOWEST } from './tokenLogProbs.js';

/** Logits `[N, V]` of two models in memory. */
export interface TwoRows {
  readonly policy: Floats;
  readonly reference: Floats;
  readonly vocabulary: number;
  /** Gives access to the logits. */
  readonly memory: RowMemory;
}

/**
 * For each row, with the policy p, the reference q and their mixture m: the divergence; KL(p || q) for the reverse KL, KL(p || m) for
 * Jensen-Shannon, otherwise 0; then the largest logit and the sum of `e^(logit - largest)` of each model.
 */
export interface DivergenceState {
  readonly divergence: Floats;
  readonly policyKl: Floats;
  readonly pLargest: Floats;
  readonly pTotal: Floats;
  readonly qLargest: Floats;
  readonly qTotal: Floats;
}

/** Computes the state of each row; for Jensen-Shannon without the first two numbers, which `mixture` adds. Sums accumulate in float64. */
export function forward(
  { policy, reference, vocabulary, memory: { kernels, bytes, forRows } }: TwoRows,
  divergence: TokenDivergence,
  state: DivergenceState,
): void {
  forRows([policy, reference], undefined, vocabulary, ([firstP, firstQ], _, from, to) => {
    for (let row = from, at = 0; row < to; row++, at += bytes * vocabulary) {
      const [p, q] = [firstP + at, firstQ + at];
      const [pMax, qMax] = [Math.max(kernels.rowMax(p, vocabulary), LOWEST), Math.max(kernels.rowMax(q, vocabulary), LOWEST)];
      const [pSum, qSum] = [kernels.sumExp(p, vocabulary, pMax), kernels.sumExp(q, vocabulary, qMax)];
      let [value, policyKl] = [0, 0];
      if (divergence === 'forwardKl') value = kernels.sumExpGap(q, p, vocabulary, qMax, pMax) / qSum + Math.log(pSum / qSum);
      if (divergence === 'reverseKl') value = policyKl = kernels.sumExpGap(p, q, vocabulary, pMax, qMax) / pSum + Math.log(qSum / pSum);
      state.divergence[row] = value;
      state.policyKl[row] = policyKl;
      state.pLargest[row] = pMax;
      state.pTotal[row] = pSum;
      state.qLargest[row] = qMax;
      state.qTotal[row] = qSum;
    }
  });
}

/** Computes the Jensen-Shannon divergence of each row and KL(p || m), from the largest logits and sums. */
export function mixture(
  { policy, reference, vocabulary, memory: { kernels, bytes, forRows } }: TwoRows,
  weight: number,
  { pLargest, pTotal, qLargest, qTotal }: DivergenceState,
  { divergence, policyKl }: Pick<DivergenceState, 'divergence' | 'policyKl'>,
): void {
  forRows([policy, reference], undefined, vocabulary, ([firstP, firstQ], _, from, to) => {
    for (let row = from, at = 0; row < to; row++, at += bytes * vocabulary) {
      const [pSum, qSum] = [pTotal[row]!, qTotal[row]!];
      const gap = Math.log(pSum / qSum);
      kernels.mixtureGaps(firstP + at, firstQ + at, vocabulary, pLargest[row]!, 1 / pSum, qLargest[row]!, 1 / qSum, gap, weight);
      policyKl[row] = kernels.policyGap.value;
      divergence[row] = weight * kernels.referenceGap.value + (1 - weight) * kernels.policyGap.value;
    }
  });
}

/** Computes the gradient with respect to the logits of the policy; 0 where `dy` is 0, even if the logits are NaN. */
export function backward(
  { policy, reference, vocabulary, memory: { kernels, bytes, forRows } }: TwoRows,
  divergence: TokenDivergence,
  weight: number,
  { policyKl, pLargest, pTotal, qLargest, qTotal }: DivergenceState,
  dy: ArrayLike<number>,
  output: Floats,
): void {
  forRows([policy, reference], output, vocabulary, ([firstP, firstQ], target, from, to) => {
    for (let row = from, at = 0; row < to; row++, at += bytes * vocabulary) {
      const [p, q, out] = [firstP + at, firstQ + at, target + at];
      const [pMax, pSum, qMax, qSum] = [pLargest[row]!, pTotal[row]!, qLargest[row]!, qTotal[row]!];
      const gap = Math.log(pSum / qSum);
      if (divergence === 'forwardKl') {
        kernels.scaledExpGap(p, q, out, vocabulary, pMax, dy[row]! / pSum, qMax, dy[row]! / qSum);
      } else if (divergence === 'reverseKl') {
        kernels.scaledLogRatio(p, q, out, vocabulary, pMax, dy[row]! / pSum, qMax, gap + policyKl[row]!);
      } else {
        const scale = ((1 - weight) * dy[row]!) / pSum;
        kernels.scaledMixtureGap(p, q, out, vocabulary, pMax, scale, qMax, gap, weight, policyKl[row]!);
      }
    }
  });
  for (let row = 0; row < dy.length; row++) if (dy[row] === 0) output.fill(0, row * vocabulary, (row + 1) * vocabulary);
}

/** `tokenDivergence` for logits in memory. */
export const tokenDivergenceInMemory =
  (divergence: TokenDivergence, weight: number): Kernel =>
  (inputs) => {
    const [p, q] = inputs as [DataTensor, DataTensor];
    const rows = twoRows(p, q);
    const zeros = () => new Float64Array(rows.policy.length / rows.vocabulary);
    const state = { divergence: zeros(), policyKl: zeros(), pLargest: zeros(), pTotal: zeros(), qLargest: zeros(), qTotal: zeros() };
    forward(rows, divergence, state);
    if (divergence === 'jensenShannon') mixture(rows, weight, state, state);
    return {
      values: [tensorFrom(state.divergence, p.dims.slice(0, -1))],
      backward(dy) {
        const gradient = rows.policy.slice().fill(0);
        backward(rows, divergence, weight, state, dy, gradient);
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
