/**
 * A minimal DPO loop: the model is an embedding and a head, the data are random pairs. All it can do is memorize the pairs, so the
 * margin rises. Run it with `npx tsx mock-loop.ts`.
 */
import * as tf from '@tensorflow/tfjs';
import { completionLogProbs, dpo, frozenCopy, noGrad, ops, pairMetrics, readMetrics, splitPairs, valueAndGrads } from 'prefloss';

const [pairs, time, vocabulary, width, beta] = [8, 12, 50, 16, 0.1];
tf.enableProdMode();
await tf.setBackend('cpu');

// The model: an embedding and a head. Only the variables in `policy` are trained.
const weight = (rows: number, columns: number, seed: number) => tf.variable(tf.randomNormal([rows, columns], 0, 0.5, 'float32', seed));
const policy = [weight(vocabulary, width, 1), weight(width, vocabulary, 2)];
const reference = frozenCopy(policy);

// The data: chosen rows first, then rejected rows. The first third of a row is the prompt, whose tokens are not counted.
const tokens = tf.randomUniform<tf.Rank.R2>([2 * pairs, time], 0, vocabulary, 'int32', 3);
const mask = Array.from({ length: 2 * pairs }, () => Array.from({ length: time }, (_, t) => t >= time / 3));

const logProbs = ([embedding, head]: readonly tf.Variable[]) => {
  const hidden = ops.take<tf.Tensor>(embedding!, tokens.as1D());
  const logits = tf.reshape<tf.Rank.R3>(tf.matMul(hidden, head!), [2 * pairs, time, vocabulary]);
  return splitPairs(completionLogProbs(logits, { tokens, mask }));
};

const optimizer: tf.Optimizer = tf.train.adam(0.01);
for (let step = 0; step <= 50; step++) {
  const { grads, ...outputs } = valueAndGrads(() => {
    const logps = { policy: logProbs(policy), reference: noGrad(() => logProbs(reference)) };
    return { loss: ops.mean(dpo(logps, { beta })), ...pairMetrics(logps, { beta }) };
  }, policy);
  optimizer.applyGradients(grads);
  const { loss, 'rewards/margins': margin } = await readMetrics(outputs);
  tf.dispose([grads, outputs]);
  if (step % 5 === 0) console.log(`step ${step}: loss ${loss!.toFixed(4)}, margin ${margin!.toFixed(3)} ${'#'.repeat(10 * margin!)}`);
}
