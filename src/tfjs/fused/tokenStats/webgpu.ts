import { LOWEST } from '../../kernels/webgpu/logits.js';
import { reduceLogits } from '../../kernels/webgpu/reduceLogits.js';
import { stats, type Attributes, type Inputs } from './contract.js';

/** One pass over the logits. */
export const forward = reduceLogits<Inputs, Attributes>({
  operation: 'tokenStats',
  logits: ['logits'],
  others: ['labels'],
  output: stats,
  code: `
      // The largest logit and the first place where it occurs; the number of logits; and with d = logit - largest, the sums of
      // e^d, d e^d, e^2d and d.
      struct Part {
        largest : f32, first : i32, size : f32, exponentials : f32, weighted : f32, squares : f32, differences : f32,
      };
      // Not a place in the vocabulary.
      const NOWHERE = 0x7fffffff;
      // Below this, e^d is 0 in float32. A d clamped to it gives d e^d = 0; an infinite d would give NaN.
      const VANISHED = -200.0;

      fn nothing() -> Part { return Part(${LOWEST}, NOWHERE, 0.0, 0.0, 0.0, 0.0, 0.0); }
      fn one(place : i32, x : f32) -> Part { return Part(x, place, 1.0, 1.0, 0.0, 1.0, 0.0); }
      fn four(place : vec4<i32>, x : vec4<f32>) -> Part {
        let ones = vec4<f32>(1.0);
        let largest = max(${LOWEST}, max(max(x.x, x.y), max(x.z, x.w)));
        let places = select(vec4<i32>(NOWHERE), place, x == vec4<f32>(largest));
        let d = x - largest;
        let clamped = max(d, vec4<f32>(VANISHED));
        let e = exp(clamped);
        return Part(
          largest, min(min(places.x, places.y), min(places.z, places.w)), 4.0, dot(e, ones), dot(clamped, e), dot(e, e), dot(d, ones),
        );
      }
      // The same part with its sums relative to another largest logit, at least as large as its own.
      fn below(largest : f32, part : Part) -> Part {
        let d = part.largest - largest;
        let clamped = max(d, VANISHED);
        let e = exp(clamped);
        return Part(
          largest,
          select(NOWHERE, part.first, d == 0.0),
          part.size,
          part.exponentials * e,
          (part.weighted + clamped * part.exponentials) * e,
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
      fn valuesOf(row : i32, whole : Part, isBroken : bool) -> Values {
        let label = i32(labels[row]);
        var values : Values;
        values.logps = uniforms.NAN;
        values.correct = uniforms.NAN;
        if (label >= 0 && label < uniforms.vocabulary) {
          values.logps = (logitsAt(row * uniforms.vocabulary + label) - whole.largest) - log(whole.exponentials);
          values.correct = select(0.0, 1.0, label == whole.first);
        }
        values.entropy = log(whole.exponentials) - whole.weighted / whole.exponentials;
        values.meanLogit = whole.largest + whole.differences / whole.size;
        values.logSumSquares = log(whole.squares) - 2.0 * log(whole.exponentials);
        if (isBroken) {
          values.logps = uniforms.NAN;
          values.entropy = uniforms.NAN;
          values.correct = min(values.correct, 0.0);
          values.meanLogit = uniforms.NAN;
          values.logSumSquares = uniforms.NAN;
        }
        return values;
      }`,
});
