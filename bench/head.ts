import * as tf from '@tensorflow/tfjs-core';
import { tokenLogProbs } from '../src/index.js';
import { maxDifference } from './difference.js';
import type { StorageMeter } from './memory.js';
import type { HeadRow } from './results.js';
import { time } from './timing.js';

const IGNORED = -100;

/** Sizes of the logits, `[B, T, V]`: a small vocabulary, and that of GPT-2. */
export const SHAPES = [
  [4, 64, 8192],
  [2, 64, 50257],
] as const;

/** Shares of ignored labels: none, so that skipping rows cannot be what wins, and a prompt of a quarter of the tokens. */
export const IGNORED_SHARES = [0, 0.25] as const;

type Shape = readonly [batch: number, tokens: number, vocabulary: number];
type Route = (logits: tf.Tensor3D, labels: tf.Tensor2D) => tf.Tensor;

const ROUTES: Readonly<Record<'naive' | 'ours', Route>> = {
  // What there is to write without this library. oneHot is of int32, its default: as float32 it is garbage on wasm.
  naive: (logits, labels) => tf.sum(tf.mul(tf.logSoftmax(logits), tf.oneHot(labels, logits.shape[2])), -1),
  ours: (logits, labels) => tokenLogProbs(logits, labels),
};

/** Times and meters value and gradient of a weighted sum of token log-probs, by both routes. */
export async function benchHead(shape: Shape, ignored: number, repeats: number, meter: StorageMeter): Promise<HeadRow> {
  const inputs = makeInputs(shape, ignored);
  const logitsBytes = 4 * inputs.logits.size;
  const naive = async () => {
    await finish(valueAndGrad(ROUTES.naive, inputs));
  };
  const ours = async () => {
    await finish(valueAndGrad(ROUTES.ours, inputs));
  };

  // Also the warm-up: it uploads the inputs and compiles the shaders.
  const gradientDifference = await compare(inputs);
  const naivePeak = (await meter.peak(naive)) - logitsBytes;
  const oursPeak = (await meter.peak(ours)) - logitsBytes;
  const times = await time({ naive, ours }, { rounds: repeats, turnMs: 0 });
  tf.dispose(Object.values(inputs));
  return {
    shape,
    ignored,
    logitsBytes,
    naive: { ...times.naive, peakBytes: naivePeak, peakOverLogits: naivePeak / logitsBytes },
    ours: { ...times.ours, peakBytes: oursPeak, peakOverLogits: oursPeak / logitsBytes },
    speedup: times.naive.medianMs / times.ours.medianMs,
    gradientDifference,
  };
}

interface Inputs {
  readonly logits: tf.Tensor3D;
  readonly labels: tf.Tensor2D;
  /** Gradient of what comes after with respect to each log-prob. */
  readonly dy: tf.Tensor2D;
}

function makeInputs([batch, tokens, vocabulary]: Shape, ignored: number): Inputs {
  const logits: tf.Tensor3D = tf.randomNormal([batch, tokens, vocabulary], 0, 1, 'float32', 1);
  const dy: tf.Tensor2D = tf.randomNormal([batch, tokens], 0, 1, 'float32', 2);
  // A stride that no vocabulary here is a multiple of spreads the labels over all of it.
  const labels = Int32Array.from({ length: batch * tokens }, (_, row) =>
    row % tokens < ignored * tokens ? IGNORED : (row * 7919) % vocabulary,
  );
  return { logits, dy, labels: tf.tensor2d(labels, [batch, tokens], 'int32') };
}

interface ValueAndGrad {
  readonly value: tf.Tensor;
  readonly grad: tf.Tensor;
}

function valueAndGrad(route: Route, { logits, labels, dy }: Inputs): ValueAndGrad {
  return tf.valueAndGrad((x: tf.Tensor3D) => tf.sum(tf.mul(dy, route(x, labels))))(logits);
}

/** Waits for the backend's queue by reading one number of the gradient back, and frees the results. */
async function finish({ value, grad }: ValueAndGrad): Promise<void> {
  const one = tf.tidy(() => tf.slice(tf.reshape(grad, [-1]), [0], [1]));
  await one.data();
  tf.dispose([one, value, grad]);
}

async function compare(inputs: Inputs): Promise<number> {
  const gradients: Float32Array[] = [];
  for (const route of [ROUTES.naive, ROUTES.ours]) {
    const { value, grad } = valueAndGrad(route, inputs);
    gradients.push((await grad.data()) as Float32Array);
    tf.dispose([value, grad]);
  }
  return maxDifference(gradients[0]!, gradients[1]!);
}
