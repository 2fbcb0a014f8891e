import type { DataId, DataType, TensorInfo } from '@tensorflow/tfjs-core';
import type { Implementation, KernelCall } from '../kernel.js';
import type { Named } from '../../named.js';
import { checkSize } from './checkSize.js';

/** A compute shader in the form that tfjs's WebGPU backend compiles and caches. */
export interface WebgpuProgram<InputName extends string> {
  /** The public function that it belongs to, for the error about a tensor that is too large for the device. */
  readonly operation: string;
  /** The advice in that error. */
  readonly instead: string;
  /** Key of the compiled shader in tfjs's cache, to which tfjs adds the dtypes of the inputs. */
  readonly shaderKey: string;
  /** The inputs that the shader reads, each as an array of that name. */
  readonly variableNames: readonly InputName[];
  /** Numbers per element of each of these arrays, 1 or 4. Default 1. */
  readonly variableComponents?: readonly number[];
  /** Shape of the output, which is the array `result` in the shader. */
  readonly outputShape: readonly number[];
  /** Numbers per element of `result`, 1 or 4. Default 1. */
  readonly outputComponent?: number;
  /** Number of workgroups. tfjs spreads more than a device allows per dimension over further dimensions. */
  readonly workgroups: number;
  /** Invocations per workgroup. */
  readonly workgroupSize: number;
  /** Numbers that the shader reads as `uniforms.<name>`. */
  readonly uniforms?: Readonly<Record<string, number>>;
  /** The uniforms that are floats; the others are integers. */
  readonly floats?: readonly string[];
  /** WGSL with `fn main(index : i32)`. */
  readonly code: string;
}

/** The part of tfjs's WebGPU backend that our kernels use. */
interface WebgpuBackend {
  runWebGPUProgram(
    program: object,
    inputs: readonly TensorInfo[],
    dtype: DataType,
    uniforms?: readonly object[],
    output?: TensorInfo,
  ): TensorInfo;
  incRef(dataId: DataId): void;
}

/** A kernel on tfjs's WebGPU backend that runs one program. It writes to a new tensor, or in place to the input `target`. */
export const onWebgpu =
  <Inputs, Attributes>(
    programOf: (call: KernelCall<Inputs, Attributes>) => WebgpuProgram<keyof Inputs & string>,
    target?: keyof Inputs,
  ): Implementation<Inputs, Attributes> =>
  (call) => {
    const backend = call.backend as WebgpuBackend;
    const output = target === undefined ? undefined : call.inputs[target];
    const result = runProgram(backend, programOf(call), call.inputs, output);
    if (output) backend.incRef(output.dataId);
    return result;
  };

function runProgram<InputName extends string>(
  backend: WebgpuBackend,
  program: WebgpuProgram<InputName>,
  inputs: Named<Record<InputName, unknown>, TensorInfo>,
  output: TensorInfo | undefined,
): TensorInfo {
  const { operation, instead, variableNames, outputShape, floats = [] } = program;
  // Without this check, tfjs would only log a validation error and return zeros.
  for (const name of variableNames) checkSize(backend, operation, name, inputs[name].shape, instead);
  checkSize(backend, operation, 'the result', outputShape, instead);
  const uniforms = Object.entries(program.uniforms ?? {});
  const tfjsProgram = {
    shaderKey: program.shaderKey,
    variableNames,
    variableComponents: program.variableComponents ?? variableNames.map(() => 1),
    outputShape,
    outputComponent: program.outputComponent ?? 1,
    dispatchLayout: { x: outputShape.map((_, i) => i) },
    dispatch: [program.workgroups, 1, 1],
    workgroupSize: [program.workgroupSize, 1, 1],
    uniforms: uniforms.map(([name]) => `${name} : ${floats.includes(name) ? 'f32' : 'i32'},`).join(' '),
    getUserCode: () => program.code,
  };
  return backend.runWebGPUProgram(
    tfjsProgram,
    variableNames.map((name) => inputs[name]),
    'float32',
    uniforms.map(([name, value]) => ({ type: floats.includes(name) ? 'float32' : 'int32', data: [value] })),
    output,
  );
}
