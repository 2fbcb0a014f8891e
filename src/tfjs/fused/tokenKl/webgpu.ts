import type { NoAttributes } from '../../kernels/kernel.js';
import { LOWEST } from '../../kernels/webgpu/logits.js';
import { mapLogits } from '../../kernels/webgpu/mapLogits.js';
import { reduceLogits } from '../../kernels/webgpu/reduceLogits.js';
import { klState, type BackwardInputs, type ForwardInputs } from './contract.js';

/** One pass over the logits of policy and reference. */
export const forward = reduceLogits<ForwardInputs, NoAttributes>({
  operation: 'tokenKl',
  logits: ['policy', 'reference'],
  others: [],
  output: klState,
  code: `
      // For the policy p and the reference q: the largest logit, and the sum of e^d with d = logit - largest; then the sum of
      // e^dq (dq - dp).
      struct Part { pLargest : f32, pTotal : f32, qLargest : f32, qTotal : f32, gap : f32 };

      fn largestOf(x : vec4<f32>) -> f32 { return max(${LOWEST}, max(max(x.x, x.y), max(x.z, x.w))); }

      fn nothing() -> Part { return Part(${LOWEST}, 0.0, ${LOWEST}, 0.0, 0.0); }
      fn one(place : i32, p : f32, q : f32) -> Part { return Part(p, 1.0, q, 1.0, 0.0); }
      fn four(place : vec4<i32>, p : vec4<f32>, q : vec4<f32>) -> Part {
        let ones = vec4<f32>(1.0);
        let pLargest = largestOf(p);
        let qLargest = largestOf(q);
        let dp = p - pLargest;
        let dq = q - qLargest;
        let e = exp(dq);
        // A token with probability 0 under the reference adds nothing, even if its logit under the policy is infinite.
        let gaps = select(e * (dq - dp), vec4<f32>(0.0), e == vec4<f32>(0.0));
        return Part(pLargest, dot(exp(dp), ones), qLargest, dot(e, ones), dot(gaps, ones));
      }
      // The same part with its sums relative to other largest logits, at least as large as its own.
      fn below(pLargest : f32, qLargest : f32, part : Part) -> Part {
        let dp = part.pLargest - pLargest;
        let dq = part.qLargest - qLargest;
        let e = exp(dq);
        let gap = select(e * (part.gap + (dq - dp) * part.qTotal), 0.0, e == 0.0);
        return Part(pLargest, part.pTotal * exp(dp), qLargest, part.qTotal * e, gap);
      }
      fn both(a : Part, b : Part) -> Part {
        let pLargest = max(a.pLargest, b.pLargest);
        let qLargest = max(a.qLargest, b.qLargest);
        let x = below(pLargest, qLargest, a);
        let y = below(pLargest, qLargest, b);
        return Part(pLargest, x.pTotal + y.pTotal, qLargest, x.qTotal + y.qTotal, x.gap + y.gap);
      }
      fn counts(row : i32) -> bool { return true; }
      fn valuesOf(row : i32, whole : Part, isBroken : bool) -> Values {
        var values : Values;
        values.pLargest = whole.pLargest;
        values.qLargest = whole.qLargest;
        values.kl = select(whole.gap / whole.qTotal + log(whole.pTotal / whole.qTotal), uniforms.NAN, isBroken);
        values.pTotal = select(whole.pTotal, uniforms.NAN, isBroken);
        values.qTotal = select(whole.qTotal, uniforms.NAN, isBroken);
        return values;
      }`,
});

/** One pass over the logits of policy and reference, one buffer for the gradient. */
export const backward = mapLogits<BackwardInputs, NoAttributes>({
  operation: 'tokenKl',
  logits: ['policy', 'reference'],
  others: ['saved', 'dy'],
  code: `
      ${klState.wgslReads('saved')}
      struct Row { pLargest : f32, pScale : f32, qLargest : f32, qScale : f32 };
      fn counts(row : i32) -> bool { return f32(dy[row]) != 0.0; }
      fn rowOf(row : i32) -> Row {
        let dy = f32(dy[row]);
        return Row(saved_pLargest(row), dy / saved_pTotal(row), saved_qLargest(row), dy / saved_qTotal(row));
      }
      fn four(row : Row, place : vec4<i32>, p : vec4<f32>, q : vec4<f32>) -> vec4<f32> {
        return row.pScale * exp(p - row.pLargest) - row.qScale * exp(q - row.qLargest);
      }`,
});
