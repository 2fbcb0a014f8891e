import * as tf from '@tensorflow/tfjs-core';
import { prefloss } from './built.js';
import { gradientDifference } from './difference.js';
import { hashed } from '../tools/hashed.js';
import type { LinearRow } from './results.js';
import type { Setup } from './setup.js';
import { time } from './timing.js';

/** The size of SmolLM2's embedding; fewer and narrower rows on backends with slow matrix products. */
const SIZES = { cpu: [64, 128, 49152], wasm: [2048, 576, 49152], 'tfjs-node': [2048, 576, 49152], webgpu: [64, 128, 49152] } as const;
const QUICK = [64, 64, 8192] as const;

const TURN_MS = 100;

interface Inputs {
  readonly hidden: tf.Tensor2D;
  readonly weight: tf.Tensor2D;
  readonly labels: tf.Tensor1D;
}
type Logps = (hidden: tf.Tensor2D, weight: tf.Tensor2D, labels: tf.Tensor1D) => tf.Tensor;

/** The linear form with a frozen embedding. */
export const frozenLinear =
  (options: { readonly chunkSize?: number } = {}): Logps =>
  (hidden, weight, labels) =>
    prefloss.linearTokenLogProbs({ hidden, weight }, labels, { ...options, frozenWeight: true });
const trainedLinear: Logps = (hidden, weight, labels) => prefloss.linearTokenLogProbs({ hidden, weight }, labels);

/** Compares time and memory of the linear form and of materialised logits, for a frozen and a trainable embedding. */
export async function benchLinear({ backend, meter, repeats, quick }: Setup): Promise<LinearRow[]> {
  const shape = quick ? QUICK : SIZES[backend];
  const inputs = makeLinearInputs(shape);
  const small = makeLinearInputs(QUICK);
  const logitsBytes = 4 * shape[0] * shape[2];
  const rows: LinearRow[] = [];
  for (const weight of ['frozen', 'trainable'] as const) {
    const isFrozen = weight === 'frozen';
    const ours = isFrozen ? frozenLinear() : trainedLinear;
    const materialised: Logps = (h, w, labels) => prefloss.tokenLogProbs(isFrozen ? timesFrozen(h, w) : timesTransposed(h, w), labels);
    // Warms up the just-in-time compilers.
    for (const logps of [ours, materialised]) await runLinear(logps, small, isFrozen);
    const first = {
      ours: await firstLinearRun(ours, inputs, isFrozen, meter),
      materialised: await firstLinearRun(materialised, inputs, isFrozen, meter),
    };
    gradientDifference(first.ours.gradient, first.materialised.gradient);
    const routes = { ours: () => runLinear(ours, inputs, isFrozen), materialised: () => runLinear(materialised, inputs, isFrozen) };
    const times = await time(routes, { rounds: repeats, turnMs: TURN_MS });
    rows.push({
      shape,
      weight,
      ...times,
      timeOverMaterialised: times.ours.medianMs / times.materialised.medianMs,
      materialisedOverLogits: first.materialised.bytes / logitsBytes,
      oursOverLogits: first.ours.bytes / logitsBytes,
    });
  }
  for (const { hidden, weight, labels } of [inputs, small]) tf.dispose([hidden, weight, labels]);
  return rows;
}

/** Hidden states of magnitude 1, and an embedding that gives logits of about that magnitude. */
export function makeLinearInputs([rows, width, vocabulary]: readonly [number, number, number]): Inputs {
  const inputs = {
    hidden: tf.tensor2d(hashed(rows * width, 1), [rows, width]),
    weight: tf.tensor2d(hashed(vocabulary * width, 2, 0.125), [vocabulary, width]),
    labels: tf.tensor1d(
      Int32Array.from({ length: rows }, (_, row) => (row * 7919) % vocabulary),
      'int32',
    ),
  };
  // Uploads them to the backend before anything is measured.
  tf.tidy(() => {
    tf.add(tf.max(inputs.hidden), tf.add(tf.max(inputs.weight), tf.max(inputs.labels)));
  });
  return inputs;
}

/** Gradients of the mean log-prob with respect to the hidden states and, if it is trained, the embedding. */
async function gradients(logps: Logps, { hidden, weight, labels }: Inputs, isFrozen: boolean): Promise<tf.Tensor[]> {
  const mean = (h: tf.Tensor, w: tf.Tensor): tf.Tensor => tf.mean(logps(h as tf.Tensor2D, w as tf.Tensor2D, labels));
  const grads = isFrozen ? [tf.grad((h) => mean(h, weight))(hidden)] : tf.grads((h, w) => mean(h, w))([hidden, weight]);
  // A GPU has finished once its result can be read.
  if (tf.getBackend() === 'webgpu') await grads[0]!.data();
  return grads;
}

/** One whole run; disposes its results. */
export async function runLinear(logps: Logps, inputs: Inputs, isFrozen: boolean): Promise<void> {
  tf.dispose(await gradients(logps, inputs, isFrozen));
}

/** The first run of a form: its gradient, and its memory without inputs and gradients. */
export async function firstLinearRun(logps: Logps, inputs: Inputs, isFrozen: boolean, meter: Setup['meter']) {
  const before = await meter.peak(() => Promise.resolve());
  let grads: tf.Tensor[] = [];
  const peak = await meter.peak(async () => {
    grads = await gradients(logps, inputs, isFrozen);
  });
  const gradient = (await grads[0]!.data()) as Float32Array;
  const bytes = peak - before - grads.reduce((sum, grad) => sum + 4 * grad.size, 0);
  tf.dispose(grads);
  return { bytes, gradient: Float32Array.from(gradient) };
}

// On wasm, a product with a transposition flag is an order of magnitude slower.
const isFlagged = (): boolean => tf.getBackend() !== 'wasm';
const aTimesTransposed = (a: tf.Tensor2D, b: tf.Tensor2D): tf.Tensor2D =>
  isFlagged() ? tf.matMul(a, b, false, true) : tf.matMul(a, tf.transpose(b));
const transposedTimes = (a: tf.Tensor2D, b: tf.Tensor2D): tf.Tensor2D =>
  isFlagged() ? tf.matMul(a, b, true, false) : tf.matMul(tf.transpose(a), b);

/** `h w^T`, differentiable in both. */
function timesTransposed(h: tf.Tensor2D, w: tf.Tensor2D): tf.Tensor2D {
  const product = tf.customGrad((a, b, save) => {
    (save as tf.GradSaveFunc)([a as tf.Tensor2D, b as tf.Tensor2D]);
    return {
      value: aTimesTransposed(a as tf.Tensor2D, b as tf.Tensor2D),
      gradFunc: (dy: tf.Tensor2D, [x, y]: tf.Tensor[]) => [tf.matMul(dy, y as tf.Tensor2D), transposedTimes(dy, x as tf.Tensor2D)],
    };
  });
  return product(h, w);
}

/** `h w^T`, differentiable in `h`. */
function timesFrozen(h: tf.Tensor2D, w: tf.Tensor2D): tf.Tensor2D {
  const product = tf.customGrad((a) => ({
    value: aTimesTransposed(a as tf.Tensor2D, w),
    gradFunc: (dy: tf.Tensor2D) => tf.matMul(dy, w),
  }));
  return product(h);
}
