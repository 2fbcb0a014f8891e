import { util, type KernelConfig, type TensorInfo } from '@tensorflow/tfjs-core';
import { webgpuKernel } from './webgpu.js';

/** A kernel that goes over rows of logits, one workgroup a row, each logit read once. */
interface RowKernel {
  /** Its name in tfjs's registry. */
  readonly kernelName: string;
  /** The public function that it is for. */
  readonly operation: string;
  /** The inputs `[..., V]`; in the shader, `nameAt(i)` is one logit. */
  readonly logits: readonly string[];
  /** The other inputs. */
  readonly others: readonly string[];
}

/** A kernel that makes a few numbers of each row. */
interface Reduction extends RowKernel {
  /** How many numbers; the output is `[count, N]`. */
  readonly count: number;
  /**
   * WGSL: what is known of a part of a row, how two parts are put together, and what becomes of the whole.
   * - `struct Part`
   * - `nothing() -> Part`, of no logits
   * - `one(place : i32, x : f32, ...) -> Part`, of one logit of each input, and its place in the row
   * - `four(place : vec4<i32>, x : vec4<f32>, ...) -> Part`
   * - `both(a : Part, b : Part) -> Part`
   * - `counts(row : i32) -> bool`; all numbers of a row that does not are 0
   * - `numbers(row : i32, whole : Part, isBroken : bool) -> array<f32, count>`; a row that holds a NaN is broken
   */
  readonly code: string;
}

/** A kernel that makes a number of each logit. */
interface Mapping extends RowKernel {
  /**
   * WGSL:
   * - `struct Row`, what is computed once a row
   * - `rowOf(row : i32) -> Row`
   * - `four(row : Row, place : vec4<i32>, x : vec4<f32>, ...) -> vec4<f32>`, of four logits of each input, and their places in the row
   * - `counts(row : i32) -> bool`; a row that does not becomes 0
   */
  readonly code: string;
}

/** The least finite number in WGSL, where a search for the largest begins. */
export const LOWEST = '-3.4028234e38f';

/** Invocations that share a row: few rows of many logits, or many of few. */
const workgroupFor = (vocabulary: number): number => (vocabulary >= 32768 ? 128 : vocabulary >= 1024 ? 64 : 32);

/** What both kinds of kernels say of their program, and WGSL that they share. */
function rowProgram({ kernelName, operation, logits, others }: RowKernel, { shape }: TensorInfo, attrs: Readonly<Record<string, number>>) {
  const [rows, vocabulary] = [util.sizeFromShape(shape.slice(0, -1)), shape.at(-1)!];
  const workgroup = workgroupFor(vocabulary);
  // Where four logits are one vector in memory, an invocation reads vectors. Rows of another length do not begin with one:
  // there it reads four logits that are a workgroup apart, so that neighbours read neighbours.
  const isVector = vocabulary % 4 === 0;
  const width = isVector ? 4 : 1;
  const apart = isVector ? 1 : workgroup;
  const at = (name: string): string => (isVector ? `${name}[i / 4][i % 4]` : `${name}[i]`);
  const fourAt = (name: string): string =>
    isVector ? `${name}[i / 4]` : `vec4<f32>(${name}[i], ${name}[i + ${apart}], ${name}[i + ${2 * apart}], ${name}[i + ${3 * apart}])`;
  return {
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
      uniforms: { rows, vocabulary, ...attrs },
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

/** Parts that one invocation puts together. */
const FAN_IN = 16;

/** WGSL that puts the parts of the first `from` invocations together to those of the first `to`. */
const gather = (from: number, to: number): string => `
        for (var i = lane + ${to}; lane < ${to} && i < ${from}; i += ${to}) {
          parts[lane] = both(parts[lane], parts[i]);
          broken[lane] = broken[lane] | broken[i];
        }
        workgroupBarrier();`;

/** A kernel that makes a few numbers of each row of logits, in one pass over them. */
export const reduceRows = (kernel: Reduction): KernelConfig =>
  webgpuKernel(kernel.kernelName, [...kernel.logits, ...kernel.others], (inputs, attrs) => {
    const { rows, workgroup, fourPlaces, program, reads, loop } = rowProgram(kernel, inputs[kernel.logits[0]!]!, attrs);
    const step = (kind: string, places: string, suffix: string): string => `
          ${kernel.logits.map((name, n) => `let x${n} = ${name}${suffix}(i);`).join(' ')}
          ${kernel.logits.map((_, n) => `bits = max(bits, magnitude(vec4<f32>(x${n})));`).join(' ')}
          part = both(part, ${kind}(i - start + ${places}, ${kernel.logits.map((_, n) => `x${n}`).join(', ')}));`;
    return {
      ...program,
      outputShape: [kernel.count, rows],
      code: `${reads}
      ${kernel.code}
      var<workgroup> parts : array<Part, ${workgroup}>;
      var<workgroup> broken : array<u32, ${workgroup}>;

      // max() and exp() may drop a NaN on a GPU, so it is looked for: its bits are above those of infinity.
      fn magnitude(x : vec4<f32>) -> vec4<u32> { return bitcast<vec4<u32>>(x) & vec4<u32>(0x7fffffffu); }

      fn main(index : i32) {
        let row = index / ${workgroup};
        let lane = index % ${workgroup};
        // Barriers must be reached by all invocations alike, so for a row that does not count the loops are empty.
        let isRow = row < uniforms.rows;
        let isCounted = isRow && counts(row);
        let start = row * uniforms.vocabulary;
        let end = select(start, start + uniforms.vocabulary, isCounted);

        var part = nothing();
        var bits = vec4<u32>(0u);
        ${loop(step('four', fourPlaces, 'FourAt'), step('one', '0', 'At'))}
        parts[lane] = part;
        broken[lane] = select(0u, 1u, any(bits > vec4<u32>(0x7f800000u)));
        workgroupBarrier();
        // In two steps, because a barrier costs more than a few additions: to 1 in ${FAN_IN}, then to the first.
        ${gather(workgroup, workgroup / FAN_IN)}
        ${gather(workgroup / FAN_IN, 1)}
        if (lane == 0 && isRow) {
          var values = array<f32, ${kernel.count}>();
          if (isCounted) { values = numbers(row, parts[0], broken[0] != 0u); }
          for (var n = 0; n < ${kernel.count}; n++) { result[n * uniforms.rows + row] = values[n]; }
        }
      }`,
    };
  });

/** A kernel that makes a number of each logit, in one pass over them, from what is known of its row. */
export const mapRows = (kernel: Mapping): KernelConfig =>
  webgpuKernel(kernel.kernelName, [...kernel.logits, ...kernel.others], (inputs, attrs) => {
    const first = inputs[kernel.logits[0]!]!;
    const { workgroup, isVector, apart, fourPlaces, program, reads, loop } = rowProgram(kernel, first, attrs);
    const step = (places: string, suffix: string, store: string): string => `
          var y = vec4<f32>(0.0);
          if (isCounted) { y = four(known, i - start + ${places}, ${kernel.logits.map((name) => `vec4<f32>(${name}${suffix}(i))`).join(', ')}); }
          ${store}`;
    const storeFour = isVector
      ? 'result[i / 4] = y;'
      : ['x', 'y', 'z', 'w'].map((component, n) => `result[i + ${n * apart}] = y.${component};`).join(' ');
    return {
      ...program,
      outputShape: first.shape,
      outputComponent: isVector ? 4 : 1,
      code: `${reads}
      ${kernel.code}
      fn main(index : i32) {
        let row = index / ${workgroup};
        let lane = index % ${workgroup};
        if (row >= uniforms.rows) { return; }
        let isCounted = counts(row);
        let known = rowOf(row);
        let start = row * uniforms.vocabulary;
        let end = start + uniforms.vocabulary;
        ${loop(step(fourPlaces, 'FourAt', storeFour), step('vec4<i32>(0)', 'At', 'result[i] = y.x;'))}
      }`,
    };
  });
