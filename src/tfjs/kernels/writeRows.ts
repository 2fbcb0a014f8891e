import { range, tidy, type KernelConfig, type Tensor, type TensorInfo, type TypedArray } from '@tensorflow/tfjs-core';
import type { CpuBackend } from './cpu.js';
import { inPlace } from './tensorflow.js';
import type { WasmBackend } from './wasm.js';
import { webgpuKernel } from './webgpu.js';

/**
 * Writes rows of a matrix in place: nothing else may need their old values.
 * Inputs: `target [M, D]`, `source [R, D]`. Attribute: `from`, the first row that is written.
 * Output: `target`, as another tensor with the same memory.
 */
export const WRITE_ROWS = 'PreflossWriteRows';

const onProcessor = <B extends Pick<CpuBackend, 'incRef'>>(
  backendName: string,
  valuesOf: (backend: B, info: TensorInfo) => TypedArray,
): KernelConfig => ({
  kernelName: WRITE_ROWS,
  backendName,
  kernelFunc: ({ inputs, backend, attrs }) => {
    const { target, source } = inputs as unknown as Record<'target' | 'source', TensorInfo>;
    const engine = backend as unknown as B;
    valuesOf(engine, target).set(valuesOf(engine, source), (attrs!.from as number) * target.shape[1]!);
    engine.incRef(target.dataId);
    return target;
  },
});

const tensorflow: KernelConfig = {
  kernelName: WRITE_ROWS,
  backendName: 'tensorflow',
  kernelFunc: ({ inputs, attrs }) => {
    const { target, source } = inputs as unknown as Record<'target' | 'source', Tensor>;
    const from = attrs!.from as number;
    return tidy(() => inPlace('InplaceUpdate', target, range(from, from + source.shape[0], 1, 'int32'), source));
  },
};

const WORKGROUP = 64;

const webgpu = webgpuKernel(
  WRITE_ROWS,
  ['source'],
  ({ target, source }, { from }) => ({
    operation: 'linearTokenLogProbs',
    instead: 'there is no smaller form of it',
    shaderKey: WRITE_ROWS,
    variableNames: ['source'],
    outputShape: target!.shape,
    workgroups: Math.ceil((source!.shape[0]! * source!.shape[1]!) / WORKGROUP),
    workgroupSize: WORKGROUP,
    uniforms: { count: source!.shape[0]! * source!.shape[1]!, start: from! * target!.shape[1]! },
    code: `
      fn main(index : i32) {
        if (index < uniforms.count) { result[uniforms.start + index] = source[index]; }
      }`,
  }),
  'target',
);

/** For all backends of tfjs but webgl, where a texture cannot be written in place. */
export const writeRowsKernels: readonly KernelConfig[] = [
  onProcessor<CpuBackend>('cpu', ({ data }, { dataId }) => data.get(dataId).values),
  onProcessor<WasmBackend>('wasm', (backend, info) => backend.typedArrayFromHeap(info)),
  tensorflow,
  webgpu,
];
