import { LOWEST } from '../../kernels/webgpu/logits.js';
import { mapLogits } from '../../kernels/webgpu/mapLogits.js';
import { reduceLogits } from '../../kernels/webgpu/reduceLogits.js';
import { ELEMENTARY_WGSL } from '../../ops/elementary/shaders.js';
import { divergenceState, type Attributes, type BackwardInputs, type ForwardInputs, type MixtureInputs } from './contract.js';

/** Whether the attribute `divergence` is this index in `DIVERGENCES`. */
const IS_REVERSE = 'uniforms.divergence == 1';
const IS_JENSEN_SHANNON = 'uniforms.divergence == 2';

/** One pass over the logits of policy and reference. */
export const forward = reduceLogits<ForwardInputs, Attributes>({
  operation: 'tokenDivergence',
  logits: ['policy', 'reference'],
  others: [],
  floats: ['weight'],
  output: divergenceState,
  code: `
      // For KL(a || b): the largest logit, and the sum of e^d with d = logit - largest; then the sum of e^da (da - db).
      struct Part { aLargest : f32, aTotal : f32, bLargest : f32, bTotal : f32, gap : f32 };

      fn largestOf(x : vec4<f32>) -> f32 { return max(${LOWEST}, max(max(x.x, x.y), max(x.z, x.w))); }

      fn nothing() -> Part { return Part(${LOWEST}, 0.0, ${LOWEST}, 0.0, 0.0); }
      fn one(place : i32, p : f32, q : f32) -> Part {
        if (${IS_REVERSE}) { return Part(p, 1.0, q, 1.0, 0.0); }
        return Part(q, 1.0, p, 1.0, 0.0);
      }
      fn four(place : vec4<i32>, p : vec4<f32>, q : vec4<f32>) -> Part {
        let isReverse = ${IS_REVERSE};
        let a = select(q, p, isReverse);
        let b = select(p, q, isReverse);
        let ones = vec4<f32>(1.0);
        let aLargest = largestOf(a);
        let bLargest = largestOf(b);
        let da = a - aLargest;
        let db = b - bLargest;
        let e = exp(da);
        // A token with probability 0 under a adds nothing, even if its logit under b is infinite.
        let gaps = select(e * (da - db), vec4<f32>(0.0), e == vec4<f32>(0.0));
        return Part(aLargest, dot(e, ones), bLargest, dot(exp(db), ones), dot(gaps, ones));
      }
      // The same part with its sums relative to other largest logits, at least as large as its own.
      fn below(aLargest : f32, bLargest : f32, part : Part) -> Part {
        let da = part.aLargest - aLargest;
        let db = part.bLargest - bLargest;
        let e = exp(da);
        let gap = select(e * (part.gap + (da - db) * part.aTotal), 0.0, e == 0.0);
        return Part(aLargest, part.aTotal * e, bLargest, part.bTotal * exp(db), gap);
      }
      fn both(a : Part, b : Part) -> Part {
        let aLargest = max(a.aLargest, b.aLargest);
        let bLargest = max(a.bLargest, b.bLargest);
        let x = below(aLargest, bLargest, a);
        let y = below(aLargest, bLargest, b);
        return Part(aLargest, x.aTotal + y.aTotal, bLargest, x.bTotal + y.bTotal, x.gap + y.gap);
      }
      fn counts(row : i32) -> bool { return true; }
      fn valuesOf(row : i32, whole : Part, isBroken : bool) -> Values {
        let isReverse = ${IS_REVERSE};
        let aTotal = select(whole.aTotal, uniforms.NAN, isBroken);
        let bTotal = select(whole.bTotal, uniforms.NAN, isBroken);
        var values : Values;
        values.divergence = select(whole.gap / whole.aTotal + log(whole.bTotal / whole.aTotal), uniforms.NAN, isBroken);
        values.policyKl = select(0.0, values.divergence, isReverse);
        values.pLargest = select(whole.bLargest, whole.aLargest, isReverse);
        values.pTotal = select(bTotal, aTotal, isReverse);
        values.qLargest = select(whole.aLargest, whole.bLargest, isReverse);
        values.qTotal = select(aTotal, bTotal, isReverse);
        return values;
      }`,
});

/**
 * The probabilities p and q, and `log(p / m)` and `log(q / m)` with the mixture `m = weight q + (1 - weight) p`: both are 0 where p and q
 * are equal, and finite where one of them is 0.
 */
const MIXTURE = `
      ${ELEMENTARY_WGSL}
      ${divergenceState.wgslReads('saved')}
      struct Row { pLargest : f32, pScale : f32, qLargest : f32, qScale : f32, gap : f32, offset : f32, dy : f32 };
      fn knownOf(row : i32, dy : f32) -> Row {
        let pTotal = saved_pTotal(row);
        let qTotal = saved_qTotal(row);
        return Row(saved_pLargest(row), 1.0 / pTotal, saved_qLargest(row), 1.0 / qTotal, log(pTotal / qTotal), saved_policyKl(row), dy);
      }
      // logit - largest; finite, so that a difference of two is not NaN.
      fn below(x : vec4<f32>, largest : f32) -> vec4<f32> { return max(x - largest, vec4<f32>(-1e30)); }

      // log(larger / m), from the log-ratio of the two probabilities and the weight of the larger.
      fn excessOf(ratio : f32, weightOfLarger : f32) -> f32 {
        let less = (1.0 - weightOfLarger) * accurateExpm1(-abs(ratio));
        if (less > -0.5) { return -log1pSeries(less); }
        // The sum keeps the digits of a small weight.
        return -log(max(weightOfLarger + (1.0 - weightOfLarger) * exp(-abs(ratio)), 1.17549435e-38));
      }

      struct Ratios { p : vec4<f32>, q : vec4<f32>, pOverM : vec4<f32>, qOverM : vec4<f32> };
      fn ratiosOf(row : Row, policy : vec4<f32>, reference : vec4<f32>) -> Ratios {
        let dp = below(policy, row.pLargest);
        let dq = below(reference, row.qLargest);
        let overQ = dp - dq - row.gap;
        let weightOfLarger = select(vec4<f32>(uniforms.weight), vec4<f32>(1.0 - uniforms.weight), overQ > vec4<f32>(0.0));
        let excess = vec4<f32>(
          excessOf(overQ.x, weightOfLarger.x), excessOf(overQ.y, weightOfLarger.y),
          excessOf(overQ.z, weightOfLarger.z), excessOf(overQ.w, weightOfLarger.w));
        let p = exp(dp) * row.pScale;
        let q = exp(dq) * row.qScale;
        return Ratios(p, q, excess + min(overQ, vec4<f32>(0.0)), excess - max(overQ, vec4<f32>(0.0)));
      }`;

/** A second pass over the logits of policy and reference. */
export const mixture = reduceLogits<MixtureInputs, Attributes>({
  operation: 'tokenDivergence',
  logits: ['policy', 'reference'],
  others: ['saved'],
  floats: ['weight'],
  output: divergenceState,
  readsRow: true,
  code: `
      ${MIXTURE}
      fn rowOf(row : i32) -> Row { return knownOf(row, 0.0); }
      // The sums of p log(p / m) and of q log(q / m).
      struct Part { policyGap : f32, referenceGap : f32 };
      fn nothing() -> Part { return Part(0.0, 0.0); }
      fn one(row : Row, place : i32, p : f32, q : f32) -> Part {
        let ratios = ratiosOf(row, vec4<f32>(p), vec4<f32>(q));
        return Part(ratios.p.x * ratios.pOverM.x, ratios.q.x * ratios.qOverM.x);
      }
      fn four(row : Row, place : vec4<i32>, p : vec4<f32>, q : vec4<f32>) -> Part {
        let ratios = ratiosOf(row, p, q);
        return Part(dot(ratios.p, ratios.pOverM), dot(ratios.q, ratios.qOverM));
      }
      fn both(a : Part, b : Part) -> Part { return Part(a.policyGap + b.policyGap, a.referenceGap + b.referenceGap); }
      fn counts(row : i32) -> bool { return true; }
      fn valuesOf(row : i32, whole : Part, isBroken : bool) -> Values {
        let divergence = uniforms.weight * whole.referenceGap + (1.0 - uniforms.weight) * whole.policyGap;
        var values : Values;
        values.divergence = select(divergence, uniforms.NAN, isBroken);
        values.policyKl = select(whole.policyGap, uniforms.NAN, isBroken);
        values.pLargest = saved_pLargest(row);
        values.pTotal = saved_pTotal(row);
        values.qLargest = saved_qLargest(row);
        values.qTotal = saved_qTotal(row);
        return values;
      }`,
});

/** One pass over the logits of policy and reference, one buffer for the gradient. */
export const backward = mapLogits<BackwardInputs, Attributes>({
  operation: 'tokenDivergence',
  logits: ['policy', 'reference'],
  others: ['saved', 'dy'],
  floats: ['weight'],
  code: `
      ${MIXTURE}
      fn counts(row : i32) -> bool { return f32(dy[row]) != 0.0; }
      fn rowOf(row : i32) -> Row { return knownOf(row, f32(dy[row])); }
      fn four(row : Row, place : vec4<i32>, policy : vec4<f32>, reference : vec4<f32>) -> vec4<f32> {
        if (${IS_JENSEN_SHANNON}) {
          let ratios = ratiosOf(row, policy, reference);
          return (1.0 - uniforms.weight) * row.dy * ratios.p * (ratios.pOverM - row.offset);
        }
        let p = exp(policy - row.pLargest) * row.pScale;
        if (${IS_REVERSE}) {
          let overQ = (policy - row.pLargest) - (reference - row.qLargest) - row.gap;
          return select(row.dy * p * (overQ - row.offset), vec4<f32>(0.0), p == vec4<f32>(0.0));
        }
        return row.dy * (p - exp(reference - row.qLargest) * row.qScale);
      }`,
});
