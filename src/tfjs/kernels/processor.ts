import { tensor, util, type TensorInfo } from '@tensorflow/tfjs-core';
import { rowsInCopies, rowsOnHeap, type RowMemory } from '../../rows/rowMemory.js';
import { onCpu, type CpuBackend } from './cpu.js';
import type { Implementation } from './kernel.js';
import type { Named } from '../named.js';
import type { TensorflowBackend } from './tensorflow.js';
import { heapOf, onWasm } from './wasm.js';

/** The arguments of a kernel on logits. */
interface LogitsCall<Inputs, Attributes> {
  /** The inputs, flattened. */
  readonly inputs: Named<Inputs, Float32Array>;
  /** Size of the last axis of the logits. */
  readonly vocabulary: number;
  readonly attributes: Attributes;
  /** The result, flattened. The kernel must write every value: on wasm the memory is not cleared. */
  readonly output: Float32Array;
  /** Gives row kernels access to the logits. */
  readonly memory: RowMemory;
}

/** A kernel on logits `[..., V]` with one float output, written once for all backends that compute on the CPU. */
export interface LogitsKernel<Inputs, Attributes> {
  /** The input that holds the logits, or the first of them. */
  readonly logits: keyof Inputs;
  /** Shape of the output, given the shape of the logits. */
  readonly outputShape: (logits: number[]) => number[];
  /** Computes the output. */
  readonly run: (call: LogitsCall<Inputs, Attributes>) => void;
}

let copies: RowMemory | undefined;

/** The kernel on cpu and tensorflow, where rows are copied in small blocks, and on wasm, where rows stay on tfjs's own heap. */
export function onProcessor<Inputs, Attributes>({
  logits,
  outputShape,
  run,
}: LogitsKernel<Inputs, Attributes>): Readonly<Record<'cpu' | 'wasm' | 'tensorflow', Implementation<Inputs, Attributes>>> {
  /** Runs the kernel on copies of the rows. */
  const inCopies = (inputs: Named<Inputs, TensorInfo>, attributes: Attributes, valuesOf: (x: TensorInfo) => unknown) => {
    const { shape } = inputs[logits];
    const resultShape = outputShape(shape);
    const output = new Float32Array(util.sizeFromShape(resultShape));
    copies ??= rowsInCopies();
    run({ inputs: flat(inputs, valuesOf), vocabulary: vocabularyOf(shape), attributes, output, memory: copies });
    return { output, resultShape };
  };
  return {
    cpu: onCpu((backend: CpuBackend, inputs, attributes) => {
      const { output, resultShape } = inCopies(inputs, attributes, ({ dataId }) => backend.data.get(dataId).values);
      return backend.makeTensorInfo(resultShape, 'float32', output);
    }),
    wasm: onWasm((backend, inputs, attributes) => {
      const { shape } = inputs[logits];
      // Views are taken after the last allocation, which may grow the heap and detach older views.
      const result = backend.makeOutput(outputShape(shape), 'float32');
      run({
        inputs: flat(inputs, (x) => backend.typedArrayFromHeap(x)),
        vocabulary: vocabularyOf(shape),
        attributes,
        output: backend.typedArrayFromHeap(result) as Float32Array,
        memory: rowsOnHeap(heapOf(backend)),
      });
      return result;
    }),
    tensorflow: ({ backend, inputs, attributes }) => {
      const { output, resultShape } = inCopies(inputs, attributes, ({ dataId }) => (backend as TensorflowBackend).readSync(dataId));
      return tensor(output, resultShape);
    },
  };
}

/** The values of each input. Integers come as an Int32Array; kernels only index it, so it is typed like floats. */
const flat = <Inputs>(inputs: Named<Inputs, TensorInfo>, valuesOf: (x: TensorInfo) => unknown): Named<Inputs, Float32Array> =>
  Object.fromEntries(Object.entries<TensorInfo>(inputs).map(([name, x]) => [name, valuesOf(x)])) as Named<Inputs, Float32Array>;

const vocabularyOf = (logits: readonly number[]): number => logits.at(-1)!;
