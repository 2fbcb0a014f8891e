import { util } from '@tensorflow/tfjs-core';
import type { KernelCall } from '../kernel.js';

/** A kernel in one pass over logits, with one workgroup per token, in which each logit is read once. */
export interface LogitsPass<Inputs> {
  /** The public function that it is for. */
  readonly operation: string;
  /** The inputs `[..., V]`; in the shader, `nameAt(i)` is one logit. */
  readonly logits: readonly [keyof Inputs & string, ...(keyof Inputs & string)[]];
  /** The other inputs. */
  readonly others: readonly (keyof Inputs & string)[];
}

/** The least finite number in WGSL, where a search for the largest begins. */
export const LOWEST = '-3.4028234e38f';

/** Invocations that share the logits of a token: many for a large vocabulary, few for a small one. */
const workgroupFor = (vocabulary: number): number => (vocabulary >= 32768 ? 128 : vocabulary >= 1024 ? 64 : 32);

/** The parts of a program, and the WGSL, that all kernels over logits share. */
export function logitsPass<Inputs, Attributes extends object>(
  { operation, logits, others }: LogitsPass<Inputs>,
  { kernelName, inputs, attributes }: KernelCall<Inputs, Attributes>,
) {
  const { shape } = inputs[logits[0]];
  const [rows, vocabulary] = [util.sizeFromShape(shape.slice(0, -1)), shape.at(-1)!];
  const workgroup = workgroupFor(vocabulary);
  // Where four logits are one vector in memory, an invocation reads vectors. A vocabulary that is no multiple of 4 does not allow
  // that: an invocation then reads four logits that are a workgroup apart, so that neighbours read neighbours.
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
    },
    reads: logits
      .map(
        (name) => `
      fn ${name}At(i : i32) -> f32 { return ${at(name)}; }
      fn ${name}FourAt(i : i32) -> vec4<f32> { return ${fourAt(name)}; }`,
      )
      .join(''),
    /** The loop of an invocation over its logits: `i` is the place of the first of four, or of one. */
    loop: (ofFour: string, ofOne: string): string => `
        var i = start + ${width} * lane;
        for (; i + ${3 * apart} < end; i += ${4 * workgroup}) {${ofFour}
        }${isVector ? '' : `
        for (; i < end; i += ${workgroup}) {${ofOne}
        }`}`, // prettier-ignore
  };
}
