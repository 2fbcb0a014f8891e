import { getKernel, Sigmoid, util, type DataType, type KernelFunc, type Tensor, type TensorInfo } from '@tensorflow/tfjs-core';
import { kernel, type Implementation, type Kernel } from '../../kernels/kernel.js';
import { onWasm } from '../../kernels/wasm.js';
import { onWebgpu } from '../../kernels/webgpu/webgpu.js';
import { ELEMENTARY_GLSL, ELEMENTARY_WGSL } from './shaders.js';

interface Inputs {
  readonly x: Tensor;
}

/** A kernel with one input and one output of the same shape. */
export type ElementaryKernel = Kernel<Inputs, Record<string, never>>;

type Elementary = Implementation<Inputs, Record<string, never>>;

/** The part of tfjs's WebGL backend that these kernels use. */
interface WebglBackend {
  compileAndRun(program: object, inputs: readonly TensorInfo[], dtype: DataType): TensorInfo;
}

const inWasm = (f: (x: number) => number): Elementary =>
  onWasm((backend, { x }) => {
    const output = backend.makeOutput(x.shape, 'float32');
    const [from, to] = [backend.typedArrayFromHeap(x), backend.typedArrayFromHeap(output)];
    for (let i = 0; i < from.length; i++) to[i] = f(from[i]!);
    return output;
  });

/** On WebGPU, the function `f` of `shaders.ts`. `operation` is the public operation, for error messages. */
const inWgsl = (operation: string, f: string): Elementary =>
  onWebgpu(({ kernelName, inputs: { x } }) => {
    const size = util.sizeFromShape(x.shape);
    return {
      operation,
      instead: 'use a smaller batch',
      shaderKey: kernelName,
      variableNames: ['x'],
      outputShape: x.shape,
      workgroups: Math.ceil(size / 64),
      workgroupSize: 64,
      uniforms: { count: size },
      code: `${ELEMENTARY_WGSL}
        fn main(index : i32) {
          if (index >= uniforms.count) { return; }
          let value = f32(x[index]);
          // The arithmetic of a GPU may lose a NaN, so a NaN bypasses it.
          if (isnan(value)) { result[index] = value; } else { result[index] = ${f}(value); }
        }`,
    };
  });

/** On WebGL, the function `f` of `shaders.ts`. */
const inGlsl =
  (f: string): Elementary =>
  ({ inputs: { x }, backend }) => {
    const userCode = `${ELEMENTARY_GLSL}
      void main() {
        float value = getAAtOutCoords();
        // As on WebGPU, a NaN bypasses the arithmetic.
        setOutput(isnan(value) ? value : ${f}(value));
      }`;
    return (backend as WebglBackend).compileAndRun({ variableNames: ['A'], outputShape: x.shape, userCode }, [x], 'float32');
  };

/** Implementations for the backends whose own function loses digits. */
const accurate = (operation: string, js: (x: number) => number, shader: string) => ({
  wasm: inWasm(js),
  webgpu: inWgsl(operation, shader),
  webgl: inGlsl(shader),
});

export const expm1Kernel: ElementaryKernel = kernel('PreflossExpm1', accurate('expm1', Math.expm1, 'accurateExpm1'));

export const log1pKernel: ElementaryKernel = kernel('PreflossLog1p', accurate('log1p', Math.log1p, 'accurateLog1p'));

export const softplusKernel: ElementaryKernel = kernel(
  'PreflossSoftplus',
  accurate('softplus', (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), 'accurateSoftplus'),
);

/** The backend's own sigmoid, registered under our name so that it gets our gradient. */
const stockSigmoid =
  (backendName: string): Elementary =>
  ({ inputs, backend }) =>
    getKernel(Sigmoid, backendName).kernelFunc({ inputs: { ...inputs }, backend: backend as Parameters<KernelFunc>[0]['backend'] });

/** tfjs's own exp is accurate on every backend, but on WebGPU it may turn a NaN into a number. */
export const expKernel: ElementaryKernel = kernel('PreflossExp', { webgpu: inWgsl('exp', 'exp') });

/** tfjs's own log is accurate on every backend but WebGPU, where it loses digits near 1, and may turn a NaN into a number. */
export const logKernel: ElementaryKernel = kernel('PreflossLog', { webgpu: inWgsl('log', 'accurateLog') });

/** tfjs's own sigmoid is accurate on every backend, but on WebGPU it may turn a NaN into a number. */
export const sigmoidKernel: ElementaryKernel = kernel('PreflossSigmoid', {
  cpu: stockSigmoid('cpu'),
  wasm: stockSigmoid('wasm'),
  webgl: stockSigmoid('webgl'),
  tensorflow: stockSigmoid('tensorflow'),
  webgpu: inWgsl('sigmoid', 'accurateSigmoid'),
});

/** The derivative of the sigmoid. On WebGPU it is one dispatch instead of four. */
export const sigmoidSlopeKernel: ElementaryKernel = kernel('PreflossSigmoidSlope', { webgpu: inWgsl('sigmoid', 'sigmoidSlope') });
