import { getKernel, Sigmoid, util, type DataType, type KernelConfig, type TensorInfo } from '@tensorflow/tfjs-core';
import { ELEMENTARY_GLSL, ELEMENTARY_WGSL } from './elementaryShaders.js';
import { wasmKernel } from './wasm.js';
import { webgpuKernel } from './webgpu.js';

/**
 * Names of the kernels that compute accurate elementary functions, and what they compute. The stock sigmoid is accurate
 * everywhere, but on WebGPU it makes a number of NaN. Its derivative is one dispatch there instead of four.
 */
const FUNCTIONS = {
  PreflossExpm1: { js: Math.expm1, shader: 'accurateExpm1' },
  PreflossLog1p: { js: Math.log1p, shader: 'accurateLog1p' },
  PreflossSoftplus: { js: (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), shader: 'accurateSoftplus' },
  PreflossSigmoid: { js: undefined, shader: 'accurateSigmoid' },
  PreflossSigmoidSlope: { js: undefined, shader: 'sigmoidSlope' },
};

/** A kernel with one input and one output of the same shape. */
export type ElementaryKernel = keyof typeof FUNCTIONS;

/** What these kernels use of tfjs's WebGL backend. */
interface WebglBackend {
  compileAndRun(program: object, inputs: readonly TensorInfo[], dtype: DataType): TensorInfo;
}

const wasm = (name: ElementaryKernel, f: (x: number) => number): KernelConfig =>
  wasmKernel(name, (backend, { x }) => {
    const output = backend.makeOutput(x!.shape, 'float32');
    const [from, to] = [backend.typedArrayFromHeap(x!), backend.typedArrayFromHeap(output)];
    for (let i = 0; i < from.length; i++) to[i] = f(from[i]!);
    return output;
  });

const webgpu = (name: ElementaryKernel): KernelConfig =>
  webgpuKernel(name, ['x'], ({ x }) => {
    const size = util.sizeFromShape(x!.shape);
    return {
      operation: name,
      instead: 'use a smaller batch',
      shaderKey: name,
      variableNames: ['x'],
      outputShape: x!.shape,
      workgroups: Math.ceil(size / 64),
      workgroupSize: 64,
      uniforms: { count: size },
      code: `${ELEMENTARY_WGSL}
        fn main(index : i32) {
          if (index >= uniforms.count) { return; }
          let value = f32(x[index]);
          // NaN is not honoured by the arithmetic of a GPU, so it is passed by.
          if (isnan(value)) { result[index] = value; } else { result[index] = ${FUNCTIONS[name].shader}(value); }
        }`,
    };
  });

const webgl = (name: ElementaryKernel): KernelConfig => ({
  kernelName: name,
  backendName: 'webgl',
  kernelFunc: ({ inputs, backend }) => {
    const x = inputs.x!;
    const userCode = `${ELEMENTARY_GLSL}
      void main() { setOutput(${FUNCTIONS[name].shader}(getAAtOutCoords())); }`;
    return (backend as unknown as WebglBackend).compileAndRun({ variableNames: ['A'], outputShape: x.shape, userCode }, [x], 'float32');
  },
});

/** The backend's own sigmoid under our name, so that it has our gradient. */
const stockSigmoid = (backendName: string): KernelConfig => ({
  kernelName: 'PreflossSigmoid',
  backendName,
  kernelFunc: (call) => getKernel(Sigmoid, backendName).kernelFunc(call),
});

/** Accurate elementary functions for the backends whose own are not. */
export const elementaryKernels: readonly KernelConfig[] = [
  ...(Object.keys(FUNCTIONS) as ElementaryKernel[]).flatMap((name) => {
    const { js } = FUNCTIONS[name];
    return js ? [wasm(name, js), webgpu(name), webgl(name)] : [webgpu(name)];
  }),
  ...['cpu', 'wasm', 'webgl', 'tensorflow'].map(stockSigmoid),
];
