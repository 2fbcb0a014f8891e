import type { DataId, DataType, KernelConfig, TensorInfo, TypedArray } from '@tensorflow/tfjs-core';
import { BACKWARD, FORWARD } from './tokenLogProbsNames.js';

/** What these kernels use of tfjs's CPU backend. */
interface CpuBackend {
  readonly data: { get(dataId: DataId): { readonly values: TypedArray } };
  makeTensorInfo(shape: readonly number[], dtype: DataType, values: TypedArray): TensorInfo;
}

type Run = (
  values: (name: string) => TypedArray,
  shape: readonly [rows: number, vocabulary: number],
  ignoreIndex: number,
) => readonly [Float32Array, number[]];

const cpuKernel = (kernelName: string, run: Run): KernelConfig => ({
  kernelName,
  backendName: 'cpu',
  kernelFunc: ({ inputs, backend, attrs }) => {
    const cpu = backend as unknown as CpuBackend;
    const logits = inputs.logits!;
    const values = (name: string) => cpu.data.get(inputs[name]!.dataId).values;
    const [result, shape] = run(values, logits.shape as [number, number], attrs!.ignoreIndex as number);
    return cpu.makeTensorInfo(shape, 'float32', result);
  },
});

const forward = cpuKernel(FORWARD, (values, [rows, vocabulary], ignoreIndex) => {
  const [logits, labels] = [values('logits'), values('labels')];
  const saved = new Float32Array(3 * rows);
  for (let row = 0; row < rows; row++) {
    if (labels[row] === ignoreIndex) continue;
    const [start, end] = [row * vocabulary, (row + 1) * vocabulary];
    let largest = -Infinity;
    for (let i = start; i < end; i++) if (!(logits[i]! <= largest)) largest = logits[i]!;
    let total = 0;
    for (let i = start; i < end; i++) total += Math.exp(logits[i]! - largest);
    saved[row] = logits[start + labels[row]!]! - largest - Math.log(total);
    saved[rows + row] = largest;
    saved[2 * rows + row] = total;
  }
  return [saved, [3, rows]];
});

const backward = cpuKernel(BACKWARD, (values, [rows, vocabulary], ignoreIndex) => {
  const [logits, labels, saved, dy] = [values('logits'), values('labels'), values('saved'), values('dy')];
  const gradient = new Float32Array(rows * vocabulary);
  for (let row = 0; row < rows; row++) {
    if (labels[row] === ignoreIndex) continue;
    const [start, end] = [row * vocabulary, (row + 1) * vocabulary];
    const largest = saved[rows + row]!;
    const scale = -dy[row]! / saved[2 * rows + row]!;
    for (let i = start; i < end; i++) gradient[i] = scale * Math.exp(logits[i]! - largest);
    gradient[start + labels[row]!] = -dy[row]! * Math.expm1(saved[row]!);
  }
  return [gradient, [rows, vocabulary]];
});

/** `tokenLogProbs` for tfjs's CPU backend: plain loops over the typed arrays, sums in float64. */
export const tokenLogProbsCpu: readonly KernelConfig[] = [forward, backward];
