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

/** What these kernels use of tfjs's WebGL backend. */
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

/** A function of `shaders.ts`, by name. */
const inWgsl = (f: string): Elementary =>
  onWebgpu(({ kernelName, inputs: { x } }) => {
    const size = util.sizeFromShape(x.shape);
    return {
      operation: kernelName,
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
          // The arithmetic of a GPU may lose a NaN, so a NaN skips it.
          if (isnan(value)) { result[index] = value; } else { result[index] = ${f}(value); }
        }`,
    };
  });

/** A function of `shaders.ts`, by name. */
const inGlsl =
  (f: string): Elementary =>
  ({ inputs: { x }, backend }) => {
    const userCode = `${ELEMENTARY_GLSL}
      void main() { setOutput(${f}(getAAtOutCoords())); }`;
    return (backend as WebglBackend).compileAndRun({ variableNames: ['A'], outputShape: x.shape, userCode }, [x], 'float32');
  };

/** For the backends whose own function loses digits. */
const accurate = (js: (x: number) => number, shader: string) => ({ wasm: inWasm(js), webgpu: inWgsl(shader), webgl: inGlsl(shader) });

export const expm1Kernel: ElementaryKernel = kernel('PreflossExpm1', accurate(Math.expm1, 'accurateExpm1'));

export const log1pKernel: ElementaryKernel = kernel('PreflossLog1p', accurate(Math.log1p, 'accurateLog1p'));

export const softplusKernel: ElementaryKernel = kernel(
  'PreflossSoftplus',
  accurate((x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), 'accurateSoftplus'),
);

/** The backend's own sigmoid under our name, so that it has our gradient. */
const stockSigmoid =
  (backendName: string): Elementary =>
  ({ inputs, backend }) =>
    getKernel(Sigmoid, backendName).kernelFunc({ inputs: { ...inputs }, backend: backend as Parameters<KernelFunc>[0]['backend'] });

/** The stock sigmoid is accurate everywhere, but on WebGPU it turns a NaN into a number. */
export const sigmoidKernel: ElementaryKernel = kernel('PreflossSigmoid', {
  cpu: stockSigmoid('cpu'),
  wasm: stockSigmoid('wasm'),
  webgl: stockSigmoid('webgl'),
  tensorflow: stockSigmoid('tensorflow'),
  webgpu: inWgsl('accurateSigmoid'),
});

/** The derivative of the sigmoid: on WebGPU one dispatch instead of four. */
export const sigmoidSlopeKernel: ElementaryKernel = kernel('PreflossSigmoidSlope', { webgpu: inWgsl('sigmoidSlope') });
