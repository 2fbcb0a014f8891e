import { mapLogits } from '../../kernels/webgpu/mapLogits.js';
import { LOWEST } from '../../kernels/webgpu/logits.js';
import { reduceLogits } from '../../kernels/webgpu/reduceLogits.js';
import { ELEMENTARY_WGSL } from '../../ops/elementary/shaders.js';
import { softmaxState, type BackwardAttributes, type BackwardInputs, type ForwardAttributes, type ForwardInputs } from './contract.js';

const COUNTS = 'fn counts(row : i32) -> bool { return i32(labels[row]) != uniforms.ignoreIndex; }';

/** One pass over the logits. */
export const forward = reduceLogits<ForwardInputs, ForwardAttributes>({
  operation: 'tokenLogProbs',
  logits: ['logits'],
  others: ['labels'],
  output: softmaxState,
  code: `
      // The largest logit, and the sum of e^(logit - largest), which is rescaled when a larger logit comes.
      struct Part { largest : f32, total : f32 };
      fn nothing() -> Part { return Part(${LOWEST}, 0.0); }
      fn one(place : i32, x : f32) -> Part { return Part(x, 1.0); }
      fn four(place : vec4<i32>, x : vec4<f32>) -> Part {
        let largest = max(${LOWEST}, max(max(x.x, x.y), max(x.z, x.w)));
        return Part(largest, dot(exp(x - largest), vec4<f32>(1.0)));
      }
      fn both(a : Part, b : Part) -> Part {
        let largest = max(a.largest, b.largest);
        return Part(largest, a.total * exp(a.largest - largest) + b.total * exp(b.largest - largest));
      }
      ${COUNTS}
      fn valuesOf(row : i32, whole : Part, isBroken : bool) -> Values {
        let label = i32(labels[row]);
        var values : Values;
        values.largest = whole.largest;
        values.total = select(whole.total, uniforms.NAN, isBroken);
        values.logp = uniforms.NAN;
        if (label >= 0 && label < uniforms.vocabulary && !isBroken) {
          values.logp = (logitsAt(row * uniforms.vocabulary + label) - whole.largest) - log(whole.total);
        }
        return values;
      }`,
});

/** One pass over the logits, one buffer for the gradient. */
export const backward = mapLogits<BackwardInputs, BackwardAttributes>({
  operation: 'tokenLogProbs',
  logits: ['logits'],
  others: ['labels', 'saved', 'dy'],
  code: `
      ${ELEMENTARY_WGSL}
      ${softmaxState.wgslReads('saved')}
      struct Row { label : i32, largest : f32, scale : f32, atLabel : f32 };
      ${COUNTS}
      fn rowOf(row : i32) -> Row {
        let label = i32(labels[row]);
        let dy = f32(dy[row]);
        var scale = -dy / saved_total(row);
        if (uniforms.partial == 0 && (label < 0 || label >= uniforms.vocabulary)) { scale = uniforms.NAN; }
        return Row(label, saved_largest(row), scale, -dy * accurateExpm1(saved_logp(row)));
      }
      fn four(row : Row, place : vec4<i32>, x : vec4<f32>) -> vec4<f32> {
        return select(row.scale * exp(x - row.largest), vec4<f32>(row.atLabel), place == vec4<i32>(row.label));
      }`,
});
