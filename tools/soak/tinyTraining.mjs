import { createHash } from 'node:crypto';

const [PAIRS, TIME, VOCABULARY, WIDTH] = [4, 8, 50, 16];

/** Pseudorandom integers below `below`, the same on every machine. */
const integers = (count, seed, below) => Array.from({ length: count }, (_, i) => (Math.imul(i + 1 + 7919 * seed, 2654435761) >>> 8) % below); // prettier-ignore

/**
 * DPO of a tiny model, an embedding and a head, on the active backend. It takes TensorFlow.js and the library as arguments, so that it
 * runs on the sources and on each build.
 */
export function tinyTraining(tf, { AdamW, clipByGlobalNorm, completionLogProbs, dpo, frozenCopy, noGrad, ops, splitPairs, valueAndGrads }) {
  const weight = (shape, seed) =>
    tf.tidy(() => tf.variable(tf.tensor(integers(shape[0] * shape[1], seed, 1001).map((n) => n / 1000 - 0.5), shape))); // prettier-ignore
  const policy = [weight([VOCABULARY, WIDTH], 1), weight([WIDTH, VOCABULARY], 2)];
  const reference = frozenCopy(policy);
  const optimizer = new AdamW({ learningRate: 1e-3 });
  const mask = Array.from({ length: 2 * PAIRS }, () => Array.from({ length: TIME }, (_, t) => t >= TIME / 3));

  const logProbs = ([embedding, head], tokens) => {
    const logits = tf.reshape(tf.matMul(ops.take(embedding, tf.reshape(tokens, [-1])), head), [2 * PAIRS, TIME, VOCABULARY]);
    return splitPairs(completionLogProbs(logits, { tokens, mask }));
  };

  return {
    policy,
    optimizer,
    /** Makes the step of this number, and returns the loss and the gradients before it. The data repeat after 100 steps. */
    step(number) {
      const tokens = tf.tensor2d(integers(2 * PAIRS * TIME, number % 100, VOCABULARY), [2 * PAIRS, TIME], 'int32');
      const { loss, grads } = valueAndGrads(() => {
        const logps = { policy: logProbs(policy, tokens), reference: noGrad(() => logProbs(reference, tokens)) };
        return { loss: ops.mean(dpo(logps)) };
      }, policy);
      const clipped = clipByGlobalNorm(grads, 1);
      optimizer.applyGradients(clipped.grads);
      const values = { loss: loss.dataSync()[0], gradients: policy.map(({ name }) => grads[name].dataSync()) };
      tf.dispose([tokens, loss, grads, clipped]);
      return values;
    },
    dispose() {
      optimizer.dispose();
      tf.dispose([policy, reference]);
    },
  };
}

/** A hash of all losses, gradients and weights of a training: it differs if any bit does. */
export function bitsOfTraining(tf, prefloss, steps) {
  const training = tinyTraining(tf, prefloss);
  const hash = createHash('sha256');
  const add = (values) => hash.update(new Uint8Array(Float32Array.from(values).buffer));
  for (let i = 0; i < steps; i++) {
    const { loss, gradients } = training.step(i);
    add([loss]);
    gradients.forEach(add);
  }
  for (const weight of training.policy) add(weight.dataSync());
  training.dispose();
  return hash.digest('hex');
}
