import { util, type KernelConfig, type TensorInfo } from '@tensorflow/tfjs-core';
import { ELEMENTARY_WGSL } from './elementaryShaders.js';
import { BACKWARD, FORWARD } from './tokenLogProbsNames.js';
import { webgpuKernel } from './webgpu.js';

/** Invocations that share a row: few rows of many logits, or many of few. */
const workgroupFor = (vocabulary: number): number => (vocabulary >= 32768 ? 128 : vocabulary >= 1024 ? 64 : 32);

function sizesOf({ shape }: TensorInfo): { rows: number; vocabulary: number } {
  return { rows: util.sizeFromShape(shape.slice(0, -1)), vocabulary: shape.at(-1)! };
}

/** Partial results that one invocation combines. */
const FAN_IN = 16;

/** WGSL that combines the partial results of the first `from` invocations into those of the first `to`. */
const combine = (from: number, to: number): string => `
        for (var i = lane + ${to}; lane < ${to} && i < ${from}; i += ${to}) {
          let larger = max(largest[lane], largest[i]);
          total[lane] = total[lane] * exp(largest[lane] - larger) + total[i] * exp(largest[i] - larger);
          largest[lane] = larger;
          broken[lane] = broken[lane] | broken[i];
        }
        workgroupBarrier();`;

// One workgroup a row. Barriers must be reached by all invocations alike, so a row that does not count runs empty loops.
const forward = webgpuKernel(FORWARD, ['logits', 'labels'], ({ logits }, { ignoreIndex }) => {
  const { rows, vocabulary } = sizesOf(logits!);
  const workgroup = workgroupFor(vocabulary);
  return {
    shaderKey: `${FORWARD}_${workgroup}`,
    variableNames: ['logits', 'labels'],
    outputShape: [3, rows],
    workgroups: rows,
    workgroupSize: workgroup,
    uniforms: { rows, vocabulary, ignoreIndex: ignoreIndex! },
    code: `
      var<workgroup> largest : array<f32, ${workgroup}>;
      var<workgroup> total : array<f32, ${workgroup}>;
      var<workgroup> broken : array<u32, ${workgroup}>;

      fn main(index : i32) {
        let row = index / ${workgroup};
        let lane = index % ${workgroup};
        let inside = row < uniforms.rows;
        let label = select(uniforms.ignoreIndex, i32(labels[min(row, uniforms.rows - 1)]), inside);
        let size = select(uniforms.vocabulary, 0, label == uniforms.ignoreIndex);
        let start = row * uniforms.vocabulary;

        // Largest logit so far and the sum of e^(logit - largest), in one pass: the sum is rescaled when the largest grows.
        var m = -3.4028234e38f;
        var s = 0.0;
        // max() and exp() may drop a NaN on a GPU, so it is looked for: its bits are above those of infinity.
        var bits = 0u;
        for (var v = lane; v < size; v += ${workgroup}) {
          let x = logits[start + v];
          bits = max(bits, bitcast<u32>(x) & 0x7fffffffu);
          let e = exp(-abs(x - m));
          s = select(s + e, s * e + 1.0, x > m);
          m = max(m, x);
        }
        largest[lane] = m;
        total[lane] = s;
        broken[lane] = select(0u, 1u, bits > 0x7f800000u);
        workgroupBarrier();
        // In two steps, because a barrier costs more than a few additions: to 1 in ${FAN_IN}, then to the first.
        ${combine(workgroup, workgroup / FAN_IN)}
        ${combine(workgroup / FAN_IN, 1)}
        if (lane == 0 && inside) {
          var logp = 0.0;
          if (size > 0) {
            if (label >= 0 && label < size && broken[0] == 0u) { logp = (logits[start + label] - largest[0]) - log(total[0]); }
            else { logp = uniforms.NAN; }
          }
          result[row] = logp;
          result[uniforms.rows + row] = largest[0];
          result[2 * uniforms.rows + row] = select(total[0], uniforms.NAN, broken[0] != 0u);
        }
      }`,
  };
});

const backward = webgpuKernel(BACKWARD, ['logits', 'labels', 'saved', 'dy'], ({ logits }, { ignoreIndex, partial = 0 }) => {
  const { rows, vocabulary } = sizesOf(logits!);
  const workgroup = workgroupFor(vocabulary);
  return {
    shaderKey: `${BACKWARD}_${workgroup}`,
    variableNames: ['logits', 'labels', 'saved', 'dy'],
    outputShape: logits!.shape,
    workgroups: rows,
    workgroupSize: workgroup,
    uniforms: { rows, vocabulary, ignoreIndex: ignoreIndex!, partial },
    code: `
      ${ELEMENTARY_WGSL}
      fn main(index : i32) {
        let row = index / ${workgroup};
        if (row >= uniforms.rows) { return; }
        let label = i32(labels[row]);
        let ignored = label == uniforms.ignoreIndex;
        let start = row * uniforms.vocabulary;
        let dy = f32(dy[row]);
        let m = saved[uniforms.rows + row];
        var scale = -dy / saved[2 * uniforms.rows + row];
        if (uniforms.partial == 0 && (label < 0 || label >= uniforms.vocabulary)) { scale = uniforms.NAN; }

        for (var v = index % ${workgroup}; v < uniforms.vocabulary; v += ${workgroup}) {
          var g = 0.0;
          if (!ignored) {
            if (v == label) { g = -dy * accurateExpm1(saved[row]); } else { g = scale * exp(logits[start + v] - m); }
          }
          result[start + v] = g;
        }
      }`,
  };
});

/** `tokenLogProbs` for tfjs's WebGPU backend: one pass over the logits forward, one backward, one buffer for the gradient. */
export const tokenLogProbsWebgpu: readonly KernelConfig[] = [forward, backward];
