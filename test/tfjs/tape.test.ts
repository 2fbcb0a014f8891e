import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { listKernels, tokenLogProbs } from '../../src/index.js';
import { engine, expectNoLeak, isArrays } from '../support/engine.js';

const hasKernel = !isArrays && listKernels().tokenLogProbs![tf.getBackend()] === 'kernel';

// Without a kernel, plain operations run and this library saves nothing itself.
describe.runIf(hasKernel)('the state saved for the backward pass', () => {
  const inputs = () => ({ logits: tf.tensor3d([[[1, 2, 3], [4, 5, 7]]]), labels: tf.tensor2d([[2, 0]], [1, 2], 'int32') }); // prettier-ignore

  it('contains no copy of the logits', () => {
    const { logits, labels } = inputs();
    let [before, after] = [0, 0];
    const f = (x: tf.Tensor): tf.Tensor => {
      before = tf.memory().numDataBuffers;
      const logps = tokenLogProbs(x as tf.Tensor3D, labels);
      after = tf.memory().numDataBuffers;
      return tf.sum(logps);
    };
    expectNoLeak(() => tf.valueAndGrad(f)(logits).grad, 2);
    // The output of the kernel, and the log-probs sliced from it; on tfjs-node, log-probs, their state and the powers.
    expect(after - before).toBe(engine === 'tfjs-node' ? 3 : 2);
  });

  it('outlives the logits, which are disposed before the backward pass', () => {
    const { logits, labels } = inputs();
    const f = (x: tf.Tensor): tf.Tensor => tf.tidy(() => tf.sum(tokenLogProbs(tf.mul(x, 2) as tf.Tensor3D, labels)));
    expectNoLeak(() => tf.grad(f)(logits));
  });

  it('is not saved if no gradient is computed', () => {
    const { logits, labels } = inputs();
    expectNoLeak(() => tokenLogProbs(logits, labels));
  });
});
