/**
 * The shortest possible DPO loop: an embedding and a head for a model, random pairs for data. It has nothing to learn but
 * the pairs themselves, so the margin rises. Run it with `npx tsx examples/mock-loop.ts`.
 */
import { writeFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import {
  dpo,
  frozenCopy,
  noGrad,
  ops,
  pairMetrics,
  readMetrics,
  sequenceLogProbs,
  shiftLabels,
  splitPairs,
  tokenLogProbs,
  valueAndGrads,
} from '../src/index.js';
import { renderSvg } from './renderSvg.js';

const [pairs, time, vocabulary, width, beta] = [8, 12, 50, 16, 0.1];
tf.enableProdMode();
await tf.setBackend('cpu');

// The model: an embedding and a head. Only what is in `policy` is trained.
const policy = [
  tf.variable(tf.randomNormal([vocabulary, width], 0, 0.5, 'float32', 1)),
  tf.variable(tf.randomNormal([width, vocabulary], 0, 0.5, 'float32', 2)),
];
const reference = frozenCopy(policy);

// The data: chosen rows first, then rejected rows; the first third of a row is the prompt, so its tokens do not count.
const tokens = tf.randomUniform<tf.Rank.R2>([2 * pairs, time], 0, vocabulary, 'int32', 3);
const labels = shiftLabels(tokens);
const mask = tf.tidy(() =>
  tf.tile(tf.tensor2d([Array.from({ length: time }, (_, t) => (t >= time / 3 - 1 && t < time - 1 ? 1 : 0))]), [2 * pairs, 1]),
);

const logProbs = ([embedding, head]: readonly tf.Variable[]): tf.Tensor1D => {
  const hidden = ops.take<tf.Tensor>(embedding!, tokens.as1D());
  const logits = tf.reshape<tf.Rank.R3>(tf.matMul(hidden, head!), [2 * pairs, time, vocabulary]);
  return sequenceLogProbs(tokenLogProbs(logits, labels), mask);
};

const optimizer: tf.Optimizer = tf.train.adam(0.01);
const margins: { step: number; margin: number }[] = [];
for (let step = 0; step <= 50; step++) {
  const outputs = tf.tidy(() => {
    const { grads, ...rest } = valueAndGrads(() => {
      const logps = { policy: splitPairs(logProbs(policy)), reference: splitPairs(noGrad(() => logProbs(reference))) };
      return { loss: ops.mean(dpo(logps, { beta })), ...pairMetrics(logps, { beta }) };
    }, policy);
    optimizer.applyGradients(grads);
    return rest;
  });
  const metrics = await readMetrics(outputs);
  tf.dispose(outputs);
  const margin = metrics['rewards/margins']!;
  margins.push({ step, margin });
  if (step % 10 === 0) console.log(`step ${String(step).padStart(2)}  loss ${metrics.loss!.toFixed(4)}  margin ${margin.toFixed(4)}`);
}

const svg = await renderSvg({
  data: { values: margins },
  mark: { type: 'line', color: '#1f5fa8', strokeJoin: 'round' },
  encoding: {
    x: { field: 'step', type: 'quantitative', title: 'updates' },
    y: { field: 'margin', type: 'quantitative', title: 'reward margin, chosen - rejected' },
  },
  ...{ width: 420, height: 240, background: 'white', padding: 16, title: 'DPO on random pairs' },
});
writeFileSync('mock-loop.svg', svg);
console.log('The plot is in mock-loop.svg.');
