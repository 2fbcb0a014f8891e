import { Exp, getKernel, Max, Reshape, Sub, type KernelConfig, type TensorInfo } from '@tensorflow/tfjs-core';
import { BACKWARD, FORWARD } from './tokenLogProbsNames.js';
import { wasmKernel, type WasmBackend } from './wasm.js';

function stock(kernelName: string, backend: WasmBackend, inputs: Record<string, TensorInfo>, attrs: object = {}): TensorInfo {
  return getKernel(kernelName, 'wasm').kernelFunc({ inputs, backend, attrs: attrs as never }) as TensorInfo;
}

/** `e^(logits - largest)` by tfjs's own kernels; one more buffer of that size is in use until this returns. */
function shiftedExp(backend: WasmBackend, logits: TensorInfo, largest: TensorInfo): TensorInfo {
  const column = stock(Reshape, backend, { x: largest }, { shape: [logits.shape[0]!, 1] });
  const shifted = stock(Sub, backend, { a: logits, b: column });
  backend.disposeData(column.dataId);
  const result = stock(Exp, backend, { x: shifted });
  backend.disposeData(shifted.dataId);
  return result;
}

/** The rows that count, by index, and their logits: the tensor itself if all of them do, else a compact copy. */
function countedRows(backend: WasmBackend, logits: TensorInfo, labels: TensorInfo, ignoreIndex: number) {
  const [rows, vocabulary] = logits.shape as [number, number];
  const counted: number[] = [];
  backend.typedArrayFromHeap(labels).forEach((label, row) => {
    if (label !== ignoreIndex) counted.push(row);
  });
  if (counted.length === 0) return { counted, compact: undefined, isCopy: false };
  if (counted.length === rows) return { counted, compact: logits, isCopy: false };
  const compact = backend.makeOutput([counted.length, vocabulary], 'float32');
  const [from, to] = [backend.typedArrayFromHeap(logits), backend.typedArrayFromHeap(compact)];
  counted.forEach((row, i) => {
    to.set(from.subarray(row * vocabulary, (row + 1) * vocabulary), i * vocabulary);
  });
  return { counted, compact, isCopy: true };
}

const forward = wasmKernel(FORWARD, (backend, { logits, labels }, attrs) => {
  const [rows, vocabulary] = logits!.shape as [number, number];
  const output = backend.makeOutput([3, rows], 'float32');
  const { counted, compact, isCopy } = countedRows(backend, logits!, labels!, attrs.ignoreIndex as number);
  backend.typedArrayFromHeap(output).fill(0);
  if (!compact) return output;
  const largest = stock(Max, backend, { x: compact }, { reductionIndices: [1], keepDims: false });
  const exponentials = shiftedExp(backend, compact, largest);

  // Views last: an allocation can grow the heap, which detaches them.
  const view = (info: TensorInfo) => backend.typedArrayFromHeap(info);
  const [x, y, m, e, saved] = [view(compact), view(labels!), view(largest), view(exponentials), view(output)];
  counted.forEach((row, i) => {
    let total = 0;
    for (let j = i * vocabulary; j < (i + 1) * vocabulary; j++) total += e[j]!;
    saved[row] = x[i * vocabulary + y[row]!]! - m[i]! - Math.log(total);
    saved[rows + row] = m[i]!;
    saved[2 * rows + row] = total;
  });
  for (const info of isCopy ? [largest, exponentials, compact] : [largest, exponentials]) backend.disposeData(info.dataId);
  return output;
});

const backward = wasmKernel(BACKWARD, (backend, { logits, labels, saved, dy }, attrs) => {
  const [rows, vocabulary] = logits!.shape as [number, number];
  const { counted, compact, isCopy } = countedRows(backend, logits!, labels!, attrs.ignoreIndex as number);
  const view = (info: TensorInfo) => backend.typedArrayFromHeap(info);
  const zeros = () => {
    const output = backend.makeOutput([rows, vocabulary], 'float32');
    view(output).fill(0);
    return output;
  };
  if (!compact) return zeros();
  const largest = backend.makeOutput([counted.length], 'float32');
  const [to, from] = [view(largest), view(saved!)];
  counted.forEach((row, i) => {
    to[i] = from[rows + row]!;
  });
  const gradient = shiftedExp(backend, compact, largest);
  backend.disposeData(largest.dataId);

  const [g, s, d, y] = [view(gradient), view(saved!), view(dy!), view(labels!)];
  counted.forEach((row, i) => {
    const scale = -d[row]! / s[2 * rows + row]!;
    for (let j = i * vocabulary; j < (i + 1) * vocabulary; j++) g[j] = g[j]! * scale;
    g[i * vocabulary + y[row]!] = -d[row]! * Math.expm1(s[row]!);
  });
  if (!isCopy) return gradient;
  backend.disposeData(compact.dataId);
  const output = zeros();
  const [all, some] = [view(output), view(gradient)];
  counted.forEach((row, i) => {
    all.set(some.subarray(i * vocabulary, (i + 1) * vocabulary), row * vocabulary);
  });
  backend.disposeData(gradient.dataId);
  return output;
});

/**
 * `tokenLogProbs` for tfjs's WASM backend: exponentials by tfjs's own vectorised kernels, the rest on its heap, sums in
 * float64; the gradient is analytic and takes the place of the exponentials.
 */
export const tokenLogProbsWasm: readonly KernelConfig[] = [forward, backward];
