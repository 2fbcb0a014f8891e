import * as tf from '@tensorflow/tfjs';
import { newGptTfjs } from '../tools/models/gptTfjs.js';
import { ofLayers, type LanguageModel, type ModelSizes } from '../tools/models/languageModel.js';
import { newLayersModel } from '../tools/models/layersModel.js';
import { hasNanogptKernels, loadNanogpt, newNanogpt } from '../tools/models/nanogpt.js';
import { newVariables, ofVariables } from '../tools/models/variables.js';
import { prefloss } from './built.js';
import { checkValue, gradientDifference } from './difference.js';
import type { StepRow } from './results.js';
import type { Setup } from './setup.js';
import { timeByTurns } from './timing.js';
import type { Shape } from './workloads.js';

const { completionLogProbs, dpo, ops, splitPairs, valueAndGrads } = prefloss;

/** A step that is nothing but overhead, a small one, and one whose logits take most of the time. */
const SHAPES: readonly Shape[] = [
  [2, 8, 32],
  [4, 32, 1024],
  [4, 64, 8192],
];

const BETA = 0.1;
const REFERENCE = -50;
/** Time for the timed calls of a route, divided by the number of rounds; within limits on their number. */
const ROUND_MS = 200;
const CALLS = { fewest: 10, most: 200 } as const;

/** The models, none if the backend lacks their kernels. */
const MODELS: Readonly<Record<string, (sizes: ModelSizes) => Promise<LanguageModel | undefined>>> = {
  'gpt-tfjs': async (sizes) => ofLayers(await newGptTfjs(sizes)),
  '@genai-fi/nanogpt': async (sizes) => {
    const nanogpt = await loadNanogpt();
    return hasNanogptKernels() ? newNanogpt(nanogpt, sizes) : undefined;
  },
  'tf.layers': (sizes) => Promise.resolve(ofLayers(newLayersModel(sizes))),
  variables: (sizes) => Promise.resolve(ofVariables(newVariables(sizes))),
};

interface Batch {
  /** Integers `[B, T]`: the chosen rows, then the rejected ones. */
  readonly tokens: tf.Tensor2D;
  /** 1 for completion tokens, aligned with the tokens. */
  readonly mask: tf.Tensor2D;
  /** Log-probs of either side under the reference. */
  readonly reference: tf.Tensor1D;
}

type Loss = (model: LanguageModel, batch: Batch) => tf.Scalar;

const ours: Loss = (model, { tokens, mask, reference }) => {
  const policy = splitPairs(completionLogProbs(model.logits(tokens), { tokens, mask }));
  return ops.mean<tf.Tensor1D>(dpo({ policy, reference: { chosen: reference, rejected: reference } }, { beta: BETA }));
};

// oneHot keeps its default dtype int32: with float32 the result is garbage on wasm.
const naive: Loss = (model, { tokens, mask, reference }) => {
  const [rows, time] = tokens.shape;
  const all = model.logits(tokens);
  const logits = tf.slice(all, [0, 0, 0], [rows, time - 1, all.shape[2]]);
  const [labels, counts] = [tf.slice(tokens, [0, 1]), tf.slice(mask, [0, 1])];
  const logps = tf.sum(tf.mul(tf.logSoftmax(logits), tf.oneHot(labels, all.shape[2])), -1);
  const [chosen, rejected] = tf.split(tf.sum(tf.mul(logps, counts), 1), 2) as [tf.Tensor, tf.Tensor];
  const margin = tf.sub(tf.sub(chosen, reference), tf.sub(rejected, reference));
  return tf.mean(tf.softplus(tf.mul(margin, -BETA)));
};

interface Step {
  readonly loss: tf.Scalar;
  readonly grads: tf.NamedTensorMap;
}

const STEPS: Readonly<Record<'ours' | 'naive', (model: LanguageModel, batch: Batch) => Step>> = {
  ours: (model, batch) => valueAndGrads(() => ({ loss: ours(model, batch) }), model.variables),
  naive: (model, batch) => {
    const { value, grads } = tf.variableGrads(() => naive(model, batch), [...model.variables]);
    return { loss: value, grads };
  },
};

/** Compares loss and gradients of four kinds of model with a loss written by hand in TensorFlow.js, to find overhead. */
export async function benchSteps({ backend, meter, repeats, quick }: Setup): Promise<StepRow[]> {
  const rows: StepRow[] = [];
  for (const [name, make] of Object.entries(MODELS)) {
    for (const shape of quick ? SHAPES.slice(0, 1) : SHAPES) {
      const model = await make({ vocabulary: shape[2], maxLength: shape[1] });
      if (model === undefined) continue;
      rows.push({ model: name, shape, ...(await benchStep(model, shape, repeats, backend === 'webgpu', meter)) });
      tf.dispose(model.variables as tf.Variable[]);
    }
  }
  return rows;
}

async function benchStep(
  model: LanguageModel,
  [rows, length, vocabulary]: Shape,
  repeats: number,
  isQueued: boolean,
  meter: Setup['meter'],
): Promise<Omit<StepRow, 'model' | 'shape'>> {
  const at = (i: number): number => i % length;
  const batch: Batch = {
    tokens: tf.tensor2d(
      Int32Array.from({ length: rows * length }, (_, i) => (i * 7919) % vocabulary),
      [rows, length],
      'int32',
    ),
    mask: tf.tensor2d(
      Float32Array.from({ length: rows * length }, (_, i) => Number(at(i) >= length / 4)),
      [rows, length],
    ),
    reference: tf.fill([rows / 2], REFERENCE),
  };
  const run = (route: 'ours' | 'naive') => async () => {
    const { loss, grads } = STEPS[route](model, batch);
    // A GPU has finished once its result can be read.
    if (isQueued) await loss.data();
    tf.dispose([loss, grads]);
  };
  const first = async (route: 'ours' | 'naive') => {
    await run(route)();
    const start = performance.now();
    await run(route)();
    const ms = performance.now() - start;
    const before = await meter.peak(() => Promise.resolve());
    let step: Step | undefined;
    const peak = await meter.peak(async () => {
      step = STEPS[route](model, batch);
      await step.loss.data();
    });
    const { loss, grads } = step!;
    const [value] = await loss.data();
    const gradient = (await grads[model.variables[0]!.name]!.data()) as Float32Array;
    tf.dispose([loss, grads]);
    return { value: value!, gradient, bytes: peak - before, ms };
  };
  const [mine, other] = [await first('ours'), await first('naive')];
  checkValue('ours', mine.value, other.value);
  gradientDifference(other.gradient, mine.gradient);
  const calls = Math.min(CALLS.most, Math.max(CALLS.fewest, Math.round((repeats * ROUND_MS) / other.ms)));
  const times = await timeByTurns({ ours: run('ours'), naive: run('naive') }, calls);
  tf.dispose([batch.tokens, batch.mask, batch.reference]);
  return {
    ...times,
    timeOverNaive: times.ours.medianMs / times.naive.medianMs,
    memoryOverNaive: mine.bytes / other.bytes,
  };
}
