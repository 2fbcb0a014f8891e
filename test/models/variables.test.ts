import * as tf from '@tensorflow/tfjs';
import { describe, it } from 'vitest';
import { frozenCopy } from '../../src/index.js';
import { expectAligned, TIMEOUT_MS, VOCABULARY, type LanguageModel } from '../support/alignment.js';
import { isArrays } from '../support/engine.js';

const WIDTH = 16;

/** Logits of the next token from the current token, with one hidden layer. */
function logits([embedding, hidden, bias, head]: readonly tf.Variable[], tokens: tf.Tensor2D): tf.Tensor3D {
  const ids = tf.cast(tf.oneHot(tf.reshape(tokens, [-1]), VOCABULARY), 'float32');
  const states = tf.tanh(tf.add(tf.matMul(tf.matMul(ids, embedding!), hidden!), bias!));
  return tf.reshape(tf.matMul(states, head!), [...tokens.shape, VOCABULARY]);
}

const modelOf = (variables: tf.Variable[]): LanguageModel => ({ variables, logits: (tokens) => logits(variables, tokens) });

// The arrays engine has no models and no gradients.
describe.skipIf(isArrays)('plain variables', () => {
  it('are aligned', { timeout: TIMEOUT_MS }, async () => {
    const shapes = [[VOCABULARY, WIDTH], [WIDTH, WIDTH], [WIDTH], [WIDTH, VOCABULARY]]; // prettier-ignore
    const policy = shapes.map((shape, i) => tf.variable(tf.randomNormal(shape, 0, 0.3, 'float32', i + 1), true, `policy/${i}`));
    const reference = frozenCopy(policy);
    await expectAligned(modelOf(policy), modelOf(reference));
    tf.dispose([policy, reference]);
  });
});
