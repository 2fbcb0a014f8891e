import { jit, nn, numpy as np, random, tree, valueAndGrad, type Array as JaxArray } from '@jax-js/jax';
import { completionLogProbs, dpo, ops, pairMetrics, readMetrics, splitPairs } from 'prefloss/core';
import { owning } from 'prefloss/jax';

const [pairs, time, vocabulary, width, beta] = [8, 12, 50, 16, 0.1];
const adamW = { learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 };

// jax-js takes type aliases as trees of arrays, not interfaces.
/* eslint-disable @typescript-eslint/consistent-type-definitions */
type Weights = { embedding: JaxArray; head: JaxArray };
type Sides = { chosen: JaxArray; rejected: JaxArray };
/* eslint-enable @typescript-eslint/consistent-type-definitions */

const normal = (seed: number, shape: number[]): JaxArray => random.normal(random.key(seed), shape).mul(0.5);

// The data: chosen rows first, then rejected rows. The first third of a row is the prompt, whose tokens are not counted.
const tokens = Array.from({ length: 2 * pairs }, (_, b) =>
  Array.from({ length: time }, (_, t) => (7 * b * b + 11 * t + b * t) % vocabulary),
);
const mask = tokens.map((row) => row.map((_, t) => Number(t >= time / 3)));

/** The model: an embedding and a head, in plain jax-js, whose functions consume what they are given. */
function logitsOf({ embedding, head }: Weights): JaxArray {
  const hidden = np.matmul(nn.oneHot(np.array(tokens, { dtype: np.int32 }), vocabulary), embedding.ref);
  return np.matmul(hidden, head.ref);
}

const logProbs = (weights: Weights): Sides => {
  const logits = logitsOf(weights);
  const logps = splitPairs(completionLogProbs(logits, { tokens, mask }));
  logits.dispose();
  return logps;
};

const step = jit(
  valueAndGrad(owning((weights: Weights, reference: Sides): JaxArray => ops.mean(dpo({ policy: logProbs(weights), reference }, { beta })))),
);
const frozen = jit(owning(logProbs));

/** One step of AdamW on a weight, with its moments; `t` counts from 1. */
const adamWStep = jit((weight: JaxArray, grad: JaxArray, mean: JaxArray, square: JaxArray, t: JaxArray): JaxArray[] => {
  const { learningRate, beta1, beta2, epsilon, weightDecay } = adamW;
  const newMean = mean.mul(beta1).add(grad.ref.mul(1 - beta1));
  const newSquare = square.mul(beta2).add(np.square(grad).mul(1 - beta2));
  const unbiased = (moment: JaxArray, decay: number): JaxArray => moment.ref.div(np.exp(t.ref.mul(Math.log(decay))).neg().add(1)); // prettier-ignore
  const direction = unbiased(newMean, beta1).div(np.sqrt(unbiased(newSquare, beta2)).add(epsilon));
  t.dispose();
  return [weight.mul(1 - learningRate * weightDecay).sub(direction.mul(learningRate)), newMean, newSquare];
});

/** Trains the model on the default device and logs loss and margin. */
export async function train(log: (line: string) => void): Promise<void> {
  let weights: Weights = { embedding: normal(1, [vocabulary, width]), head: normal(2, [width, vocabulary]) };
  const reference = frozen(tree.ref(weights));
  const names = ['embedding', 'head'] as const;
  const moments = { embedding: zerosLike(weights.embedding), head: zerosLike(weights.head) };
  for (let i = 0; i <= 50; i++) {
    const [loss, grads] = step(tree.ref(weights), tree.ref(reference));
    if (i % 10 === 0) {
      const policy = frozen(tree.ref(weights));
      const metrics = await readMetrics({ loss, ...pairMetrics({ policy, reference }, { beta }) });
      log(`step ${i}: loss ${metrics.loss!.toFixed(4)}, margin ${metrics['rewards/margins']!.toFixed(3)}`);
    }
    loss.dispose();
    const next = { ...weights };
    for (const name of names) {
      const [weight, mean, square] = adamWStep(weights[name], grads[name], ...moments[name], np.array(i + 1, { dtype: np.float32 }));
      next[name] = weight!;
      moments[name] = [mean!, square!];
    }
    weights = next;
  }
}

/** Two arrays of zeros in the shape of another. */
const zerosLike = (x: JaxArray): [JaxArray, JaxArray] => [np.zeros(x.shape), np.zeros(x.shape)];
