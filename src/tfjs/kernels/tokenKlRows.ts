import { util, type KernelConfig } from '@tensorflow/tfjs-core';
import { onRows } from './onRows.js';
import { KL, KL_BACKWARD } from './tokenKlNames.js';

const forward = onRows(
  KL,
  ['policy', 'reference'],
  (shape) => [5, util.sizeFromShape(shape.slice(0, -1))],
  ({ inputs: { policy, reference }, vocabulary, output, memory: { kernels, forRows } }) => {
    const rows = output.length / 5;
    forRows([policy!, reference!], undefined, vocabulary, ([first, second], _, from, to) => {
      for (let row = from, at = 0; row < to; row++, at += 4 * vocabulary) {
        const [p, q] = [first! + at, second! + at];
        const [pMax, qMax] = [kernels.rowMax(p, vocabulary), kernels.rowMax(q, vocabulary)];
        const [pSum, qSum] = [kernels.sumExp(p, vocabulary, pMax), kernels.sumExp(q, vocabulary, qMax)];
        const gap = kernels.sumExpGap(q, p, vocabulary, qMax, pMax) / qSum;
        [gap + Math.log(pSum / qSum), pMax, pSum, qMax, qSum].forEach((value, i) => {
          output[i * rows + row] = value;
        });
      }
    });
  },
);

const backward = onRows(
  KL_BACKWARD,
  ['policy', 'reference', 'saved', 'dy'],
  (shape) => [...shape],
  ({ inputs: { policy, reference, saved, dy }, vocabulary, output, memory: { kernels, forRows } }) => {
    const rows = dy!.length;
    const [pMax, pSum, qMax, qSum] = [1, 2, 3, 4].map((i) => saved!.subarray(i * rows));
    forRows([policy!, reference!], output, vocabulary, ([first, second], target, from, to) => {
      for (let row = from, at = 0; row < to; row++, at += 4 * vocabulary) {
        const [p, q] = [first! + at, second! + at];
        const [pScale, qScale] = [dy![row]! / pSum![row]!, dy![row]! / qSum![row]!];
        kernels.scaledExpGap(p, q, target + at, vocabulary, pMax![row]!, pScale, qMax![row]!, qScale);
      }
    });
    for (let row = 0; row < rows; row++) if (dy![row] === 0) output.fill(0, row * vocabulary, (row + 1) * vocabulary);
  },
);

/** `tokenKl` for the backends that compute on the processor; sums in float64. */
export const tokenKlRows: readonly KernelConfig[] = [...forward, ...backward];
