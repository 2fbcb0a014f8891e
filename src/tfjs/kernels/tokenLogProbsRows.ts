import { util, type KernelConfig } from '@tensorflow/tfjs-core';
import { onRows } from './onRows.js';
import { BACKWARD, FORWARD } from './tokenLogProbsNames.js';

/** The lowest float32: an infinity has no difference to itself, where all logits of a row are impossible. */
const LOWEST = -3.4028234663852886e38;

const forward = onRows(
  FORWARD,
  ['logits', 'labels'],
  (shape) => [3, util.sizeFromShape(shape.slice(0, -1))],
  ({ inputs: { logits, labels }, vocabulary, attrs: { ignoreIndex }, output, memory }) => {
    const { kernels } = memory;
    const rows = labels!.length;
    output.fill(0);
    memory.forRows([logits!], undefined, vocabulary, ([first], _, from, to) => {
      for (let row = from, x = first!; row < to; row++, x += 4 * vocabulary) {
        if (labels![row] === ignoreIndex) continue;
        const largest = Math.max(kernels.rowMax(x, vocabulary), LOWEST);
        const total = kernels.sumExp(x, vocabulary, largest);
        output[row] = logits![row * vocabulary + labels![row]!]! - largest - Math.log(total);
        output[rows + row] = largest;
        output[2 * rows + row] = total;
      }
    });
  },
);

const backward = onRows(
  BACKWARD,
  ['logits', 'labels', 'saved', 'dy'],
  (shape) => [...shape],
  ({ inputs: { logits, labels, saved, dy }, vocabulary, attrs: { ignoreIndex }, output, memory }) => {
    const { kernels } = memory;
    const rows = labels!.length;
    const isSkipped = (row: number) => labels![row] === ignoreIndex;
    memory.forRows([logits!], output, vocabulary, ([first], target, from, to) => {
      for (let row = from, at = 0; row < to; row++, at += 4 * vocabulary) {
        if (isSkipped(row)) continue;
        kernels.scaledExp(first! + at, target + at, vocabulary, saved![rows + row]!, -dy![row]! / saved![2 * rows + row]!);
      }
    });
    for (let row = 0; row < rows; row++) {
      const start = row * vocabulary;
      const label = labels![row]!;
      if (isSkipped(row)) output.fill(0, start, start + vocabulary);
      else if (label >= 0 && label < vocabulary) output[start + label] = -dy![row]! * Math.expm1(saved![row]!);
    }
  },
);

/** `tokenLogProbs` for cpu and wasm; sums in float64. TensorFlow has a softmax of its own, which uses all cores. */
export const tokenLogProbsRows: readonly KernelConfig[] = [...forward, ...backward].filter(
  ({ backendName }) => backendName !== 'tensorflow',
);
