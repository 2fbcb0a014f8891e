import { range, util, type Tensor, type TensorInfo, type TypedArray } from '@tensorflow/tfjs-core';
import { onCpu, type CpuBackend } from '../../kernels/cpu.js';
import { kernel } from '../../kernels/kernel.js';
import type { Named } from '../../named.js';
import { inPlace, onTensorflow } from '../../kernels/tensorflow.js';
import { onWasm } from '../../kernels/wasm.js';
import { onWebgpu } from '../../kernels/webgpu/webgpu.js';
import { forRuns, type Part } from './part.js';

interface Inputs {
  /** A matrix, overwritten. No other tensor may depend on its old values. */
  readonly target: Tensor;
  /** The new values of the part. */
  readonly source: Tensor;
}

/** Writes a part on a backend that keeps tensors in typed arrays. The output is `target` again, with one more reference to its data. */
function write(
  backend: Pick<CpuBackend, 'incRef'>,
  valuesOf: (info: TensorInfo) => TypedArray,
  { target, source }: Named<Inputs, TensorInfo>,
  part: Part,
): TensorInfo {
  const [whole, values] = [valuesOf(target), valuesOf(source)];
  forRuns(target.shape as [number, number], part, (start, end, at) => {
    whole.set(values.subarray(at, at + end - start), start);
  });
  backend.incRef(target.dataId);
  return target;
}

const WORKGROUP = 64;

/**
 * Writes a part of a matrix in place; the output is another tensor on the same memory. Not available on webgl, where a texture
 * cannot be written in place, and for rows only on tensorflow.
 */
export const writePart = kernel<Inputs, Part>('PreflossWritePart', {
  cpu: onCpu((backend, inputs, part) => write(backend, ({ dataId }) => backend.data.get(dataId).values, inputs, part)),
  wasm: onWasm((backend, inputs, part) => write(backend, (info) => backend.typedArrayFromHeap(info), inputs, part)),
  tensorflow: onTensorflow((backend, { target, source }, { from }) => {
    const [rows] = source.shape as [number, number];
    return inPlace(backend, 'InplaceUpdate', target, range(from, from + rows, 1, 'int32'), source);
  }),
  webgpu: onWebgpu(({ kernelName, inputs: { target, source }, attributes: { axis, from, to } }) => {
    const [, columns] = target.shape as [number, number];
    const count = util.sizeFromShape(source.shape);
    const layout = axis === 0 ? { start: from * columns, run: count, stride: 0 } : { start: from, run: to - from, stride: columns };
    return {
      operation: 'linearTokenLogProbs',
      instead: 'use a smaller vocabulary, or the wasm backend',
      shaderKey: kernelName,
      variableNames: ['source'],
      outputShape: target.shape,
      workgroups: Math.ceil(count / WORKGROUP),
      workgroupSize: WORKGROUP,
      uniforms: { count, ...layout },
      code: `
      fn main(index : i32) {
        if (index < uniforms.count) {
          result[uniforms.start + index / uniforms.run * uniforms.stride + index % uniforms.run] = source[index];
        }
      }`,
    };
  }, 'target'),
});
