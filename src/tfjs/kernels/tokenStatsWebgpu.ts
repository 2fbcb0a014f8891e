import type { KernelConfig } from '@tensorflow/tfjs-core';
import { LOWEST, reduceRows } from './rowsWebgpu.js';
import { STATS } from './tokenStatsNames.js';

/** `tokenStats` for tfjs's WebGPU backend, in one pass over the logits. */
export const tokenStatsWebgpu: readonly KernelConfig[] = [
  reduceRows({
    kernelName: STATS,
    operation: 'tokenStats',
    logits: ['logits'],
    others: ['labels'],
    count: 5,
    code: `
      // The largest logit and its first place, and of the d = logit - largest how many there are and the sums of e^d, d e^d,
      // e^2d and d.
      struct Part {
        largest : f32, first : i32, size : f32, exponentials : f32, weighted : f32, squares : f32, differences : f32,
      };
      // No place in a row.
      const NOWHERE = 0x7fffffff;
      // From here down e^d is 0 in float32. A d that is cut here may be multiplied with it, an infinite one may not.
      const VANISHED = -200.0;

      fn nothing() -> Part { return Part(${LOWEST}, NOWHERE, 0.0, 0.0, 0.0, 0.0, 0.0); }
      fn one(place : i32, x : f32) -> Part { return Part(x, place, 1.0, 1.0, 0.0, 1.0, 0.0); }
      fn four(place : vec4<i32>, x : vec4<f32>) -> Part {
        let ones = vec4<f32>(1.0);
        let largest = max(${LOWEST}, max(max(x.x, x.y), max(x.z, x.w)));
        let places = select(vec4<i32>(NOWHERE), place, x == vec4<f32>(largest));
        let d = x - largest;
        let cut = max(d, vec4<f32>(VANISHED));
        let e = exp(cut);
        return Part(
          largest, min(min(places.x, places.y), min(places.z, places.w)), 4.0, dot(e, ones), dot(cut, e), dot(e, e), dot(d, ones),
        );
      }
      // A part with its sums of differences to another largest logit, not below its own.
      fn below(largest : f32, part : Part) -> Part {
        let d = part.largest - largest;
        let cut = max(d, VANISHED);
        let e = exp(cut);
        return Part(
          largest,
          select(NOWHERE, part.first, d == 0.0),
          part.size,
          part.exponentials * e,
          (part.weighted + cut * part.exponentials) * e,
          part.squares * e * e,
          part.differences + d * part.size,
        );
      }
      fn both(a : Part, b : Part) -> Part {
        let largest = max(a.largest, b.largest);
        let p = below(largest, a);
        let q = below(largest, b);
        return Part(
          largest,
          min(p.first, q.first),
          p.size + q.size,
          p.exponentials + q.exponentials,
          p.weighted + q.weighted,
          p.squares + q.squares,
          p.differences + q.differences,
        );
      }
      fn counts(row : i32) -> bool { return i32(labels[row]) != uniforms.ignoreIndex; }
      fn numbers(row : i32, whole : Part, isBroken : bool) -> array<f32, 5> {
        let label = i32(labels[row]);
        var logp = uniforms.NAN;
        var correct = uniforms.NAN;
        if (label >= 0 && label < uniforms.vocabulary) {
          logp = (logitsAt(row * uniforms.vocabulary + label) - whole.largest) - log(whole.exponentials);
          correct = select(0.0, 1.0, label == whole.first);
        }
        if (isBroken) { return array<f32, 5>(uniforms.NAN, uniforms.NAN, min(correct, 0.0), uniforms.NAN, uniforms.NAN); }
        return array<f32, 5>(
          logp,
          log(whole.exponentials) - whole.weighted / whole.exponentials,
          correct,
          whole.largest + whole.differences / whole.size,
          log(whole.squares) - 2.0 * log(whole.exponentials),
        );
      }`,
  }),
];
