/**
 * A minimal DPO loop: the model is an embedding and a head, the data are random pairs. All it can do is memorize the pairs, so the
 * margin rises. Run it with `npx tsx examples/mock-loop.ts`.
 */
import { writeFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
// prettier-ignore
import {
  dpo, frozenCopy, noGrad, ops, pairMetrics, readMetrics, sequenceLogProbs, shiftLabels, splitPairs, tokenLogProbs, valueAndGrads,
} from '../src/index.js';
import { renderSvg } from '../tools/renderSvg.js';

const [pairs, time, vocabulary, width, beta] = [8, 12, 50, 16, 0.1];
tf.enableProdMode();
await tf.setBackend('cpu');

// The model: an embedding and a head. Only the variables in `policy` are trained.
const weight = (rows: number, columns: number, seed: number) => tf.variable(tf.randomNormal([rows, columns], 0, 0.5, 'float32', seed));
const policy = [weight(vocabulary, width, 1), weight(width, vocabulary, 2)];
const reference = frozenCopy(policy);

// The data: chosen rows first, then rejected rows. The first third of a row is the prompt, whose tokens are not counted.
const tokens = tf.randomUniform<tf.Rank.R2>([2 * pairs, time], 0, vocabulary, 'int32', 3);
const labels = shiftLabels(tokens);
const counts = Array.from({ length: time }, (_, t) => (t >= time / 3 - 1 && t < time - 1 ? 1 : 0));
const mask = tf.tensor2d(Array.from({ length: 2 * pairs }, () => counts));

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
  margins.push({ step, margin: metrics['rewards/margins']! });
  if (step % 10 === 0) console.log(step, metrics);
}

const svg = await renderSvg({
  data: { values: margins },
  mark: { type: 'line', color: '#1f5fa8', strokeJoin: 'round' },
  encoding: {
    x: { field: 'step', type: 'quantitative', title: 'updates' },
    y: { field: 'margin', type: 'quantitative', title: 'reward margin, chosen - rejected' },
  },
  title: 'DPO on random pairs',
  background: 'white',
});
writeFileSync('mock-loop.svg', svg);
console.log('The plot is in mock-loop.svg.');
