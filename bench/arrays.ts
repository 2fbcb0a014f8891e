import * as tf from '@tensorflow/tfjs-core';
import { prefloss } from './built.js';
import { checkValue, gradientDifference } from './difference.js';
import { hashed } from '../tools/hashed.js';
import type { ArraysRow, Measurement } from './results.js';
import type { Setup } from './setup.js';
import { time } from './timing.js';

const { dpo, ops, stopGradient, tensorOf, tokenLogProbs, valueAndGrads } = prefloss;

const PAIRS = 1e6;
const LOGITS = [2, 64, 32000] as const;
const QUICK = { pairs: 1e5, logits: [2, 64, 2000] } as const;
/** Columns of the list that is read and written. */
const COLUMNS = 100;
const BETA = 0.1;
const TURN_MS = 200;

/** Times functions of values in memory. They use no engine, so they run once, next to the cpu backend that they are compared with. */
export async function benchArrays({ backend, repeats, quick }: Setup): Promise<ArraysRow[]> {
  if (backend !== 'cpu') return [];
  const schedule = { rounds: repeats, turnMs: TURN_MS };
  const { pairs, logits } = quick ? QUICK : { pairs: PAIRS, logits: LOGITS };
  const row = (
    what: ArraysRow['what'],
    form: ArraysRow['form'],
    numbers: number,
    ours: Measurement,
    baseline?: Measurement,
  ): ArraysRow => ({ what, form, numbers, ours, ...(baseline && { baseline, timeOverBaseline: ours.fastestMs / baseline.fastestMs }) });

  const loss = await time(dpoRoutes(pairs), schedule);
  const list = await time({ list: listRoute(pairs / COLUMNS) }, schedule);
  const head = await time(headRoutes(logits), schedule);
  const size = logits.reduce((a, b) => a * b, 1);
  return [
    row('dpo, value', '{ data, dims }', pairs, loss.tensors, loss.hand),
    row('dpo, value', 'lists', pairs, loss.lists, loss.hand),
    row('dpo, value and gradients', '{ data, dims }', pairs, loss.tensorGrads, loss.hand),
    row('dpo, value and gradients', 'lists', pairs, loss.listGrads, loss.hand),
    row('list read and written', 'lists', pairs, list.list),
    row('tokenLogProbs, value', '{ data, dims }', size, head.tensors, head.kernel),
    row('tokenLogProbs, value', 'lists', size, head.lists, head.kernel),
    row('tokenLogProbs, value and gradient', '{ data, dims }', size, head.tensorGrads, head.kernelGrads),
  ];
}

/** The functions as routes of {@link time}. */
const timed = <Name extends string>(routes: Readonly<Record<Name, () => unknown>>): Record<Name, () => Promise<unknown>> =>
  Object.fromEntries(Object.entries<() => unknown>(routes).map(([name, f]) => [name, () => Promise.resolve(f())])) as never;

function dpoRoutes(pairs: number) {
  const column = (seed: number) => Float64Array.from(hashed(pairs, seed, 10, -50));
  const [chosen, rejected, referenceChosen, referenceRejected] = [column(1), column(2), column(3), column(4)] as const;
  const tensors = {
    policy: { chosen: tensorOf(chosen), rejected: tensorOf(rejected) },
    reference: { chosen: tensorOf(referenceChosen), rejected: tensorOf(referenceRejected) },
  };
  const lists = {
    policy: { chosen: Array.from(chosen), rejected: Array.from(rejected) },
    reference: { chosen: Array.from(referenceChosen), rejected: Array.from(referenceRejected) },
  };
  const hand = () => {
    const grads = { chosen: new Float64Array(pairs), rejected: new Float64Array(pairs) };
    let sum = 0;
    for (let i = 0; i < pairs; i++) {
      const h = BETA * (chosen[i]! - referenceChosen[i]! - (rejected[i]! - referenceRejected[i]!));
      const e = Math.exp(-Math.abs(h));
      sum += Math.max(-h, 0) + Math.log1p(e);
      const slope = ((BETA / pairs) * (h >= 0 ? e : 1)) / (1 + e);
      grads.chosen[i] = -slope;
      grads.rejected[i] = slope;
    }
    return { loss: sum / pairs, grads };
  };
  const tensorGrads = () =>
    valueAndGrads((policy) => ({ loss: ops.mean(dpo({ policy, reference: tensors.reference }, { beta: BETA })) }), tensors.policy);
  const listGrads = () =>
    valueAndGrads((policy) => ({ loss: ops.mean(dpo({ policy, reference: lists.reference }, { beta: BETA })) }), lists.policy);
  const onTensors = () => ops.mean(dpo(tensors, { beta: BETA }));
  const onLists = () => ops.mean(dpo(lists, { beta: BETA }));

  const expected = hand();
  checkValue('dpo of tensors', onTensors().data[0]!, expected.loss);
  checkValue('dpo of lists', onLists(), expected.loss);
  gradientDifference(expected.grads.rejected, tensorGrads().grads.rejected.data);
  gradientDifference(expected.grads.rejected, listGrads().grads.rejected);
  return timed({ hand, tensors: onTensors, lists: onLists, tensorGrads, listGrads });
}

/** Without a gradient to stop, this reads a list and writes it again. */
function listRoute(rows: number) {
  const list = Array.from({ length: rows }, (_, row) => Array.from(hashed(COLUMNS, row)));
  return () => Promise.resolve(stopGradient(list));
}

function headRoutes(shape: readonly [batch: number, tokens: number, vocabulary: number]) {
  const [batch, tokens, vocabulary] = shape;
  const values = hashed(batch * tokens * vocabulary, 1, 4);
  const own = tensorOf(values, shape);
  const tensor = tf.tensor3d(values, [...shape]);
  const row = (at: number) => Array.from(values.subarray(at * vocabulary, (at + 1) * vocabulary));
  const list = Array.from({ length: batch }, (_, b) => Array.from({ length: tokens }, (_, t) => row(b * tokens + t)));
  const labels = Array.from({ length: batch }, (_, b) => Array.from({ length: tokens }, (_, t) => ((b * tokens + t) * 7919) % vocabulary));
  // Not in tf.tidy: it would look for tensors in the values, one by one.
  const read = (...tensors: readonly [tf.Tensor, ...tf.Tensor[]]) => {
    const values = tensors[0].dataSync();
    tf.dispose([...tensors]);
    return values;
  };
  const kernel = () => read(tokenLogProbs(tensor, labels));
  const kernelGrads = () => {
    const { value, grad } = tf.valueAndGrad((x: tf.Tensor3D) => tf.mean(tokenLogProbs(x, labels)))(tensor);
    return read(grad, value);
  };
  const onTensors = () => tokenLogProbs(own, labels);
  const onLists = () => tokenLogProbs(list, labels);
  const tensorGrads = () => valueAndGrads(({ logits }) => ({ loss: ops.mean(tokenLogProbs(logits, labels)) }), { logits: own });

  const expected = kernel();
  gradientDifference(expected, onTensors().data);
  gradientDifference(expected, onLists().flat());
  gradientDifference(kernelGrads(), tensorGrads().grads.logits.data);
  return timed({ kernel, kernelGrads, tensors: onTensors, lists: onLists, tensorGrads });
}
