import type { Implementation } from '../kernel.js';
import type { PerToken } from '../perToken.js';
import { logitsPass, type LogitsPass } from './logits.js';
import { onWebgpu } from './webgpu.js';

/** A kernel that computes a few numbers per token. */
interface Reduction<Inputs> extends LogitsPass<Inputs> {
  /** The layout of the output, `[count, N]`. In the shader, `struct Values` has one field per name. */
  readonly output: PerToken<string>;
  /** Whether the code also has `struct Row`, the values that are known of a token, and `rowOf(row : i32) -> Row`. */
  readonly readsRow?: boolean;
  /**
   * WGSL:
   * - `struct Part`: the statistics of some logits of a token
   * - `nothing() -> Part`: the part of no logits
   * - `one(place : i32, x : f32, ...) -> Part`: the part of one logit of each input, at this place in the vocabulary
   * - `four(place : vec4<i32>, x : vec4<f32>, ...) -> Part`: the part of four logits of each input
   *   - with `readsRow`, both take the `Row` as their first argument
   * - `both(a : Part, b : Part) -> Part`: combines two parts
   * - `counts(row : i32) -> bool`: if false, all numbers of the token are 0
   * - `valuesOf(row : i32, whole : Part, isBroken : bool) -> Values`: the numbers of a token; it is broken if one of its logits is NaN
   */
  readonly code: string;
}

/** Number of parts that one invocation combines in the first step. */
const FAN_IN = 16;

/** WGSL that combines the parts of the first `from` invocations into those of the first `to`. */
const gather = (from: number, to: number): string => `
        for (var i = lane + ${to}; lane < ${to} && i < ${from}; i += ${to}) {
          parts[lane] = both(parts[lane], parts[i]);
          broken[lane] = broken[lane] | broken[i];
        }
        workgroupBarrier();`;

/** A kernel that computes a few numbers per token, in one pass over the logits. */
export const reduceLogits = <Inputs, Attributes extends object>(reduction: Reduction<Inputs>): Implementation<Inputs, Attributes> =>
  onWebgpu((call) => {
    const { logits, output, readsRow } = reduction;
    const { rows, workgroup, fourPlaces, program, reads, loop } = logitsPass(reduction, call);
    const step = (kind: string, places: string, suffix: string): string => `
          ${logits.map((name, n) => `let x${n} = ${name}${suffix}(i);`).join(' ')}
          ${logits.map((_, n) => `bits = max(bits, magnitude(vec4<f32>(x${n})));`).join(' ')}
          part = both(part, ${kind}(${readsRow ? 'known, ' : ''}i - start + ${places}, ${logits.map((_, n) => `x${n}`).join(', ')}));`;
    return {
      ...program,
      outputShape: [output.count, rows],
      code: `${reads}
      struct Values { ${output.names.map((name) => `${name} : f32`).join(', ')} };
      ${reduction.code}
      var<workgroup> parts : array<Part, ${workgroup}>;
      var<workgroup> broken : array<u32, ${workgroup}>;

      // max() and exp() may drop a NaN on a GPU. It is detected by its bits, which are above those of infinity.
      fn magnitude(x : vec4<f32>) -> vec4<u32> { return bitcast<vec4<u32>>(x) & vec4<u32>(0x7fffffffu); }

      fn main(index : i32) {
        let row = index / ${workgroup};
        let lane = index % ${workgroup};
        // All invocations must reach the barriers, so a token that does not count has empty loops and no early return.
        let isRow = row < uniforms.rows;
        let isCounted = isRow && counts(row);
        let start = row * uniforms.vocabulary;
        let end = select(start, start + uniforms.vocabulary, isCounted);

        ${readsRow ? 'let known = rowOf(min(row, uniforms.rows - 1));' : ''}
        var part = nothing();
        var bits = vec4<u32>(0u);
        ${loop(step('four', fourPlaces, 'FourAt'), step('one', '0', 'At'))}
        parts[lane] = part;
        broken[lane] = select(0u, 1u, any(bits > vec4<u32>(0x7f800000u)));
        workgroupBarrier();
        // Two steps, because a barrier costs more than a few additions: first to 1 part in ${FAN_IN}, then to one part.
        ${gather(workgroup, workgroup / FAN_IN)}
        ${gather(workgroup / FAN_IN, 1)}
        if (lane == 0 && isRow) {
          var values = Values();
          if (isCounted) { values = valuesOf(row, parts[0], broken[0] != 0u); }
          ${output.names.map((name, i) => `result[${i} * uniforms.rows + row] = values.${name};`).join('\n          ')}
        }
      }`,
    };
  });
