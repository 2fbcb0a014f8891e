import { util } from '@tensorflow/tfjs-core';
import type { KernelCall } from '../kernel.js';

/** A kernel that makes one pass over logits, with one workgroup per token. */
export interface LogitsPass<Inputs> {
  /** The public function that it belongs to, for error messages. */
  readonly operation: string;
  /** The inputs `[..., V]`. In the shader, `<name>At(i)` is one logit and `<name>FourAt(i)` four. */
  readonly logits: readonly [keyof Inputs & string, ...(keyof Inputs & string)[]];
  /** The other inputs. */
  readonly others: readonly (keyof Inputs & string)[];
  /** The attributes that are floats; the others are integers. */
  readonly floats?: readonly string[];
}

/** The lowest float32 in WGSL, with which a search for the largest logit begins. */
export const LOWEST = '-3.4028234e38f';

/** Workgroup size, which is the number of invocations that share the logits of a token. */
const workgroupFor = (vocabulary: number): number => (vocabulary >= 32768 ? 128 : vocabulary >= 1024 ? 64 : 32);

/** The parts of the program and of the WGSL that all kernels over logits share. */
export function logitsPass<Inputs, Attributes extends object>(
  { operation, logits, others, floats }: LogitsPass<Inputs>,
  { kernelName, inputs, attributes }: KernelCall<Inputs, Attributes>,
) {
  const { shape } = inputs[logits[0]];
  const [rows, vocabulary] = [util.sizeFromShape(shape.slice(0, -1)), shape.at(-1)!];
  const workgroup = workgroupFor(vocabulary);
  // If the vocabulary is a multiple of 4, an invocation reads four adjacent logits as one vector. Otherwise it reads four logits that
  // are a workgroup apart, so that adjacent invocations read adjacent logits.
  const isVector = vocabulary % 4 === 0;
  const width = isVector ? 4 : 1;
  const apart = isVector ? 1 : workgroup;
  const at = (name: string): string => (isVector ? `${name}[i / 4][i % 4]` : `${name}[i]`);
  const fourAt = (name: string): string =>
    isVector ? `${name}[i / 4]` : `vec4<f32>(${name}[i], ${name}[i + ${apart}], ${name}[i + ${2 * apart}], ${name}[i + ${3 * apart}])`;
  return {
    shape,
    rows,
    workgroup,
    isVector,
    apart,
    fourPlaces: `vec4<i32>(0, ${apart}, ${2 * apart}, ${3 * apart})`,
    program: {
      operation,
      instead: 'use linearTokenLogProbs, which takes hidden states and the output embedding instead of logits',
      shaderKey: `${kernelName}_${workgroup}_${width}`,
      variableNames: [...logits, ...others],
      variableComponents: [...logits.map(() => width), ...others.map(() => 1)],
      workgroups: rows,
      workgroupSize: workgroup,
      uniforms: { rows, vocabulary, ...attributes },
      ...(floats && { floats }),
    },
    reads: logits
      .map(
        (name) => `
      fn ${name}At(i : i32) -> f32 { return ${at(name)}; }
      fn ${name}FourAt(i : i32) -> vec4<f32> { return ${fourAt(name)}; }`,
      )
      .join(''),
    /** The loop of an invocation over its logits: `i` is the index of one logit, or of the first of four. */
    loop: (ofFour: string, ofOne: string): string => `
        var i = start + ${width} * lane;
        for (; i + ${3 * apart} < end; i += ${4 * workgroup}) {${ofFour}
        }${isVector ? '' : `
        for (; i < end; i += ${workgroup}) {${ofOne}
        }`}`, // prettier-ignore
  };
}
