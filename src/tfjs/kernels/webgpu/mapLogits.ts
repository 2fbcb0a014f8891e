import type { Implementation } from '../kernel.js';
import { logitsPass, type LogitsPass } from './logits.js';
import { onWebgpu } from './webgpu.js';

/** A kernel that computes one number per logit. */
interface Mapping<Inputs> extends LogitsPass<Inputs> {
  /**
   * WGSL:
   * - `struct Row`: the values that are computed once per token
   * - `rowOf(row : i32) -> Row`
   * - `four(row : Row, place : vec4<i32>, x : vec4<f32>, ...) -> vec4<f32>`: takes four logits of each input and their places in the
   *   vocabulary
   * - `counts(row : i32) -> bool`: if false, all numbers of the token are 0
   */
  readonly code: string;
}

/** A kernel that computes one number per logit, from the logit and the statistics of its token, in one pass over the logits. */
export const mapLogits = <Inputs, Attributes extends object>(mapping: Mapping<Inputs>): Implementation<Inputs, Attributes> =>
  onWebgpu((call) => {
    const { shape, workgroup, isVector, apart, fourPlaces, program, reads, loop } = logitsPass(mapping, call);
    const step = (places: string, suffix: string, store: string): string => `
          var y = vec4<f32>(0.0);
          if (isCounted) { y = four(known, i - start + ${places}, ${mapping.logits.map((name) => `vec4<f32>(${name}${suffix}(i))`).join(', ')}); }
          ${store}`;
    const storeFour = isVector
      ? 'result[i / 4] = y;'
      : ['x', 'y', 'z', 'w'].map((component, n) => `result[i + ${n * apart}] = y.${component};`).join(' ');
    return {
      ...program,
      outputShape: shape,
      outputComponent: isVector ? 4 : 1,
      code: `${reads}
      ${mapping.code}
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
