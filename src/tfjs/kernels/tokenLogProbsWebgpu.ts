import type { KernelConfig } from '@tensorflow/tfjs-core';
import { ELEMENTARY_WGSL } from './elementaryShaders.js';
import { LOWEST, mapRows, reduceRows } from './rowsWebgpu.js';
import { BACKWARD, FORWARD } from './tokenLogProbsNames.js';

const COUNTS = 'fn counts(row : i32) -> bool { return i32(labels[row]) != uniforms.ignoreIndex; }';

const forward = reduceRows({
  kernelName: FORWARD,
  operation: 'tokenLogProbs',
  logits: ['logits'],
  others: ['labels'],
  count: 3,
  code: `
      // The largest logit, and the sum of e^(logit - largest): it is rescaled when a larger one comes.
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
      fn numbers(row : i32, whole : Part, isBroken : bool) -> array<f32, 3> {
        let label = i32(labels[row]);
        var logp = uniforms.NAN;
        if (label >= 0 && label < uniforms.vocabulary && !isBroken) {
          logp = (logitsAt(row * uniforms.vocabulary + label) - whole.largest) - log(whole.total);
        }
        return array<f32, 3>(logp, whole.largest, select(whole.total, uniforms.NAN, isBroken));
      }`,
});

const backward = mapRows({
  kernelName: BACKWARD,
  operation: 'tokenLogProbs',
  logits: ['logits'],
  others: ['labels', 'saved', 'dy'],
  code: `
      ${ELEMENTARY_WGSL}
      struct Row { label : i32, largest : f32, scale : f32, atLabel : f32 };
      ${COUNTS}
      fn rowOf(row : i32) -> Row {
        let label = i32(labels[row]);
        let dy = f32(dy[row]);
        var scale = -dy / saved[2 * uniforms.rows + row];
        if (uniforms.partial == 0 && (label < 0 || label >= uniforms.vocabulary)) { scale = uniforms.NAN; }
        return Row(label, saved[uniforms.rows + row], scale, -dy * accurateExpm1(saved[row]));
      }
      fn four(row : Row, place : vec4<i32>, x : vec4<f32>) -> vec4<f32> {
        return select(row.scale * exp(x - row.largest), vec4<f32>(row.atLabel), place == vec4<i32>(row.label));
      }`,
});

/** `tokenLogProbs` for tfjs's WebGPU backend: one pass over the logits forward, one backward, one buffer for the gradient. */
export const tokenLogProbsWebgpu: readonly KernelConfig[] = [forward, backward];
