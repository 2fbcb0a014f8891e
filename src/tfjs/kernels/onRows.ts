import { tensor, util, type DataId, type KernelConfig, type TensorInfo, type TypedArray } from '@tensorflow/tfjs-core';
import type { CpuBackend } from './cpu.js';
import { rowsInCopies, rowsOnHeap, type RowMemory } from '../../rows/rowMemory.js';
import type { TensorflowBackend } from './tensorflow.js';
import { heapOf, wasmKernel, type WasmBackend } from './wasm.js';

/** What a kernel on rows of logits works with. */
export interface RowCall {
  /** The inputs, flat. */
  readonly inputs: Readonly<Record<string, Float32Array>>;
  /** Logits in a row: the last axis of the first input. */
  readonly vocabulary: number;
  readonly attrs: Readonly<Record<string, number>>;
  /** The result, flat; every value of it has to be written. */
  readonly output: Float32Array;
  /** Where rows can be worked on. */
  readonly memory: RowMemory;
}

let copies: RowMemory | undefined;

/**
 * A kernel with one float output for the backends that compute on the processor: for cpu and tensorflow on copies of a few rows
 * at a time, for wasm on tfjs's own heap.
 *
 * @param kernelName - Its name in tfjs's registry.
 * @param names - Its inputs; the first are logits, `[..., V]`.
 * @param shapeOf - Shape of the output from that of the logits.
 * @param run - Writes the output.
 */
export function onRows(
  kernelName: string,
  names: readonly string[],
  shapeOf: (logits: number[]) => number[],
  run: (call: RowCall) => void,
): readonly KernelConfig[] {
  const named = (valuesOf: (name: string) => TypedArray) => Object.fromEntries(names.map((name) => [name, valuesOf(name) as Float32Array]));
  const inCopies = <B>(
    backendName: string,
    valuesOf: (backend: B, dataId: DataId) => TypedArray,
    made: (backend: B, shape: number[], values: Float32Array) => TensorInfo,
  ): KernelConfig => ({
    kernelName,
    backendName,
    kernelFunc: ({ inputs, backend, attrs }) => {
      const { shape } = inputs[names[0]!]!;
      const outputShape = shapeOf(shape);
      const output = new Float32Array(util.sizeFromShape(outputShape));
      copies ??= rowsInCopies();
      run({
        inputs: named((name) => valuesOf(backend as B, inputs[name]!.dataId)),
        vocabulary: shape.at(-1)!,
        attrs: attrs as unknown as Record<string, number>,
        output,
        memory: copies,
      });
      return made(backend as B, outputShape, output);
    },
  });
  const wasm = wasmKernel(kernelName, (backend: WasmBackend, inputs, attrs) => {
    const { shape } = inputs[names[0]!]!;
    // Views come after the last allocation, which may move the heap.
    const result = backend.makeOutput(shapeOf(shape), 'float32');
    run({
      inputs: named((name) => backend.typedArrayFromHeap(inputs[name]!)),
      vocabulary: shape.at(-1)!,
      attrs: attrs as Record<string, number>,
      output: backend.typedArrayFromHeap(result) as Float32Array,
      memory: rowsOnHeap(heapOf(backend)),
    });
    return result;
  });
  return [
    inCopies<CpuBackend>(
      'cpu',
      ({ data }, dataId) => data.get(dataId).values,
      (backend, shape, values) => backend.makeTensorInfo(shape, 'float32', values),
    ),
    wasm,
    inCopies<TensorflowBackend>(
      'tensorflow',
      (backend, dataId) => backend.readSync(dataId),
      (_, shape, values) => tensor(values, shape),
    ),
  ];
}
