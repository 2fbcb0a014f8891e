import { Exp, getKernel, Max, Sub, type KernelConfig, type TensorInfo } from '@tensorflow/tfjs-core';
import { BACKWARD, FORWARD } from './tokenLogProbsNames.js';
import { wasmKernel, type WasmBackend } from './wasm.js';

/** Logits that are worked on at a time: few enough for the processor's cache, enough to outweigh the calls. */
const BLOCK = 1 << 17;

function stock(kernelName: string, backend: WasmBackend, inputs: Record<string, TensorInfo>, attrs: object = {}): TensorInfo {
  return getKernel(kernelName, 'wasm').kernelFunc({ inputs, backend, attrs: attrs as never }) as TensorInfo;
}

/** The rows that count, by index, in blocks. */
function countedRows(labels: ArrayLike<number>, vocabulary: number, ignoreIndex: number): number[][] {
  const counted = Array.from(labels, (label, row) => (label === ignoreIndex ? -1 : row)).filter((row) => row >= 0);
  const size = Math.max(1, Math.floor(BLOCK / vocabulary));
  return Array.from({ length: Math.ceil(counted.length / size) }, (_, i) => counted.slice(i * size, (i + 1) * size));
}

/**
 * Calls `f` with `e^(logits - largest)` of some rows and with the largest logit of each, both by tfjs's own kernels, and
 * frees them afterwards. The views that `f` gets are detached when the heap grows: nothing may be allocated there.
 */
function withExponentials(
  backend: WasmBackend,
  logits: TensorInfo,
  rows: readonly number[],
  largestOf: (block: TensorInfo) => TensorInfo,
  f: (exponentials: Float32Array, largest: Float32Array) => void,
): void {
  const view = (info: TensorInfo) => backend.typedArrayFromHeap(info) as Float32Array;
  const vocabulary = logits.shape[1]!;
  const block = backend.makeOutput([rows.length, vocabulary], 'float32');
  const [from, to] = [view(logits), view(block)];
  rows.forEach((row, i) => {
    to.set(from.subarray(row * vocabulary, (row + 1) * vocabulary), i * vocabulary);
  });
  const largest = largestOf(block);
  const shifted = stock(Sub, backend, { a: block, b: largest });
  const exponentials = stock(Exp, backend, { x: shifted });
  f(view(exponentials), view(largest));
  for (const info of [block, largest, shifted, exponentials]) backend.disposeData(info.dataId);
}

const forward = wasmKernel(FORWARD, (backend, { logits, labels }, attrs) => {
  const view = (info: TensorInfo) => backend.typedArrayFromHeap(info);
  const [rows, vocabulary] = logits!.shape as [number, number];
  const output = backend.makeOutput([3, rows], 'float32');
  view(output).fill(0);
  const largestOf = (x: TensorInfo) => stock(Max, backend, { x }, { reductionIndices: [1], keepDims: true });
  for (const block of countedRows(view(labels!), vocabulary, attrs.ignoreIndex as number)) {
    withExponentials(backend, logits!, block, largestOf, (exponentials, largest) => {
      const [x, y, saved] = [view(logits!), view(labels!), view(output)];
      block.forEach((row, i) => {
        let total = 0;
        for (let j = i * vocabulary; j < (i + 1) * vocabulary; j++) total += exponentials[j]!;
        saved[row] = x[row * vocabulary + y[row]!]! - largest[i]! - Math.log(total);
        saved[rows + row] = largest[i]!;
        saved[2 * rows + row] = total;
      });
    });
  }
  return output;
});

const backward = wasmKernel(BACKWARD, (backend, { logits, labels, saved, dy }, attrs) => {
  const view = (info: TensorInfo) => backend.typedArrayFromHeap(info);
  const [rows, vocabulary] = logits!.shape as [number, number];
  const output = backend.makeOutput([rows, vocabulary], 'float32');
  view(output).fill(0);
  for (const block of countedRows(view(labels!), vocabulary, attrs.ignoreIndex as number)) {
    const largestOf = () => {
      const largest = backend.makeOutput([block.length, 1], 'float32');
      const from = view(saved!);
      view(largest).set(block.map((row) => from[rows + row]!));
      return largest;
    };
    withExponentials(backend, logits!, block, largestOf, (exponentials) => {
      const [g, s, d, y] = [view(output), view(saved!), view(dy!), view(labels!)];
      block.forEach((row, i) => {
        const [start, scale] = [row * vocabulary, -d[row]! / s[2 * rows + row]!];
        for (let j = 0; j < vocabulary; j++) g[start + j] = exponentials[i * vocabulary + j]! * scale;
        g[start + y[row]!] = -d[row]! * Math.expm1(s[row]!);
      });
    });
  }
  return output;
});

/**
 * `tokenLogProbs` for tfjs's WASM backend: exponentials by tfjs's own kernels on a few rows at a time, the rest on its heap,
 * sums in float64. The gradient is analytic; beside it there is room for a few rows only.
 */
export const tokenLogProbsWasm: readonly KernelConfig[] = [forward, backward];
