import { util, type DataId, type DataType, type KernelConfig, type TensorInfo } from '@tensorflow/tfjs-core';

/** A compute shader in the form that tfjs's WebGPU backend compiles and caches. */
export interface WebgpuProgram {
  /** The operation that it is part of, and what to do where a tensor is too large for the device: the words of that error. */
  readonly operation: string;
  readonly instead: string;
  /** Tells this shader from all others; tfjs adds the kinds of the inputs. */
  readonly shaderKey: string;
  /** Names of the inputs' arrays in the shader. */
  readonly variableNames: readonly string[];
  /** Numbers in an element of each of these arrays, 1 or 4. Default 1. */
  readonly variableComponents?: readonly number[];
  /** Shape of the one output, the array `result` in the shader. */
  readonly outputShape: readonly number[];
  /** Numbers in an element of `result`, 1 or 4. Default 1. */
  readonly outputComponent?: number;
  /** Number of workgroups; tfjs folds more than 65535 into further dimensions. */
  readonly workgroups: number;
  /** Invocations in a workgroup. */
  readonly workgroupSize: number;
  /** Integers for the shader, by name: `uniforms.name`. */
  readonly uniforms?: Readonly<Record<string, number>>;
  /** WGSL with `fn main(index : i32)`. */
  readonly code: string;
}

/** A device's limits on the size of a tensor, in bytes. */
const LIMITS = ['maxStorageBufferBindingSize', 'maxBufferSize'] as const;

/** What our kernels use of tfjs's WebGPU backend. */
interface WebgpuBackend {
  readonly device: { readonly limits: Readonly<Record<(typeof LIMITS)[number], number>> };
  runWebGPUProgram(
    program: object,
    inputs: readonly TensorInfo[],
    dtype: DataType,
    uniforms?: readonly object[],
    output?: TensorInfo,
  ): TensorInfo;
  incRef(dataId: DataId): void;
}

/** A kernel configuration for tfjs's WebGPU backend that is one program; it writes to a new tensor, or to the input named `target`. */
export function webgpuKernel(
  kernelName: string,
  inputNames: readonly string[],
  programOf: (inputs: Record<string, TensorInfo>, attrs: Record<string, number>) => WebgpuProgram,
  target?: string,
): KernelConfig {
  return {
    kernelName,
    backendName: 'webgpu',
    kernelFunc: ({ inputs, backend, attrs }) => {
      const infos = inputs as unknown as Record<string, TensorInfo>;
      const list = inputNames.map((name) => infos[name]!);
      const gpu = backend as unknown as WebgpuBackend;
      const output = target === undefined ? undefined : infos[target]!;
      const result = run(gpu, programOf(infos, attrs as Record<string, number>), list, output);
      if (output) gpu.incRef(output.dataId);
      return result;
    },
  };
}

/** Throws where a tensor is too large for the device of tfjs's WebGPU backend; `instead` says what to do. */
export function checkSize(backend: object, operation: string, name: string, shape: readonly number[], instead: string): void {
  const bytes = 4 * util.sizeFromShape([...shape]);
  for (const limit of LIMITS) {
    const most = (backend as WebgpuBackend).device.limits[limit];
    if (bytes > most) {
      throw new RangeError(
        `${operation}: ${name} has shape [${shape.join(', ')}], which takes ${bytes} bytes, this WebGPU device allows ${most} (${limit}): ${instead}`,
      );
    }
  }
}

/** tfjs would only log a validation error and go on with zeros. */
function checkSizes(backend: WebgpuBackend, program: WebgpuProgram, inputs: readonly TensorInfo[]): void {
  const shapes = [
    ...inputs.map(({ shape }, i) => [program.variableNames[i]!, shape] as const),
    ['the result', program.outputShape] as const,
  ];
  for (const [name, shape] of shapes) checkSize(backend, program.operation, name, shape, program.instead);
}

function run(backend: WebgpuBackend, program: WebgpuProgram, inputs: readonly TensorInfo[], output: TensorInfo | undefined): TensorInfo {
  checkSizes(backend, program, inputs);
  const uniforms = Object.entries(program.uniforms ?? {});
  const tfjsProgram = {
    shaderKey: program.shaderKey,
    variableNames: program.variableNames,
    variableComponents: program.variableComponents ?? program.variableNames.map(() => 1),
    outputShape: program.outputShape,
    outputComponent: program.outputComponent ?? 1,
    dispatchLayout: { x: program.outputShape.map((_, i) => i) },
    dispatch: [program.workgroups, 1, 1],
    workgroupSize: [program.workgroupSize, 1, 1],
    uniforms: uniforms.map(([name]) => `${name} : i32,`).join(' '),
    getUserCode: () => program.code,
  };
  return backend.runWebGPUProgram(
    tfjsProgram,
    inputs,
    'float32',
    uniforms.map(([, value]) => ({ type: 'int32', data: [value] })),
    output,
  );
}
