import { range, util, type Tensor, type TensorInfo, type TypedArray } from '@tensorflow/tfjs-core';
import { onCpu, type CpuBackend } from '../../kernels/cpu.js';
import { kernel } from '../../kernels/kernel.js';
import type { Named } from '../../named.js';
import { inPlace, onTensorflow } from '../../kernels/tensorflow.js';
import { onWasm } from '../../kernels/wasm.js';
import { onWebgpu } from '../../kernels/webgpu/webgpu.js';

interface Inputs {
  /** `[M, D]`, overwritten. No other tensor may depend on its old values. */
  readonly target: Tensor;
  /** `[R, D]` */
  readonly source: Tensor;
}

interface Attributes {
  /** The first row of the target that is written. */
  readonly from: number;
}

/** Writes rows on a backend that keeps tensors in typed arrays. The output is `target` again, with one more reference to its data. */
function write(
  backend: Pick<CpuBackend, 'incRef'>,
  valuesOf: (info: TensorInfo) => TypedArray,
  { target, source }: Named<Inputs, TensorInfo>,
  { from }: Attributes,
): TensorInfo {
  const [, width] = target.shape as [number, number];
  valuesOf(target).set(valuesOf(source), from * width);
  backend.incRef(target.dataId);
  return target;
}

const WORKGROUP = 64;

/**
 * Writes rows of a matrix in place; the output is another tensor on the same memory. Available on all tfjs backends except webgl,
 * where a texture cannot be written in place.
 */
export const writeRows = kernel<Inputs, Attributes>('PreflossWriteRows', {
  cpu: onCpu((backend, inputs, attributes) => write(backend, ({ dataId }) => backend.data.get(dataId).values, inputs, attributes)),
  wasm: onWasm((backend, inputs, attributes) => write(backend, (info) => backend.typedArrayFromHeap(info), inputs, attributes)),
  tensorflow: onTensorflow((backend, { target, source }, { from }) => {
    const [rows] = source.shape as [number, number];
    return inPlace(backend, 'InplaceUpdate', target, range(from, from + rows, 1, 'int32'), source);
  }),
  webgpu: onWebgpu(({ kernelName, inputs: { target, source }, attributes: { from } }) => {
    const [, width] = target.shape as [number, number];
    const count = util.sizeFromShape(source.shape);
    return {
      operation: 'linearTokenLogProbs',
      instead: 'use a smaller vocabulary, or the wasm backend',
      shaderKey: kernelName,
      variableNames: ['source'],
      outputShape: target.shape,
      workgroups: Math.ceil(count / WORKGROUP),
      workgroupSize: WORKGROUP,
      uniforms: { count, start: from * width },
      code: `
      fn main(index : i32) {
        if (index < uniforms.count) { result[uniforms.start + index] = source[index]; }
      }`,
    };
  }, 'target'),
});
