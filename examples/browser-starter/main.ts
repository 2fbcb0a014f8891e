/// <reference types="vite/client" />
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-webgpu';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import plain from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threaded from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import { AdamW, completionLogProbs, dpo, noGrad, ops, pairMetrics, readMetrics, splitPairs, valueAndGrads } from 'prefloss';

const say = (line: string) => (document.querySelector('#log')!.textContent += `${line}\n`);

setWasmPaths({
  'tfjs-backend-wasm.wasm': plain,
  'tfjs-backend-wasm-simd.wasm': simd,
  'tfjs-backend-wasm-threaded-simd.wasm': threaded,
});
// The threads of TensorFlow.js 4.22 run the source of one function, which fails once a bundler has renamed what is around it.
tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
if (!(await tf.setBackend('webgpu').catch(() => false))) await tf.setBackend('wasm');
say(`on ${tf.getBackend()}`);

// Stands in for your model: token ids [B, T] to the logits of the next tokens [B, T, V].
const policy = [tf.variable(tf.zeros([8, 8]))];
const model = ([weights]: tf.Variable[], tokens: tf.Tensor2D) => tf.gather(weights!, tokens) as tf.Tensor3D;

const tokens = tf.tensor2d(
  [
    [1, 2, 3],
    [1, 4, 5],
  ],
  [2, 3],
  'int32',
); // chosen row, rejected row
const mask = [
  [0, 1, 1],
  [0, 1, 1],
]; // 1 = a token of the completion
const logps = (variables: tf.Variable[]) => splitPairs(completionLogProbs(model(variables, tokens), { tokens, mask }));

const reference = noGrad(() => logps(policy)); // of the model before training
const optimizer = new AdamW({ learningRate: 0.1 });
for (let step = 0; step <= 20; step++) {
  const { grads, ...outputs } = valueAndGrads(() => {
    const pairs = { policy: logps(policy), reference };
    return { loss: ops.mean(dpo(pairs)), ...pairMetrics(pairs) };
  }, policy);
  const metrics = await readMetrics(outputs);
  say(`step ${step}: loss ${metrics.loss!.toFixed(3)}, margin ${metrics['rewards/margins']!.toFixed(3)}`);
  optimizer.applyGradients(grads);
  tf.dispose([grads, outputs]);
}
