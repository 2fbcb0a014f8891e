import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { dpo, frozenCopy, noGrad, ops, valueAndGrads } from '../../../src/index.js';
import { expectClose } from '../../../src/testing/index.js';
import { liveTensors, read, isTfjs } from '../../support/engine.js';

describe.runIf(isTfjs)('a training run with DPO', () => {
  it('starts at a loss of ln 2, raises the margin from 0, and leaves the reference unchanged', async () => {
    const logits = tf.variable(
      tf.tensor2d([
        [0.5, -0.25, 0.125, 0],
        [0, 0.75, -0.5, 0.25],
      ]),
    );
    const [frozen] = frozenCopy([logits]);
    const start = (await read(frozen)) as number[][];
    const logpsOf = (table: tf.Tensor) => {
      const rows = tf.sub(table, tf.expandDims(ops.logSumExp<tf.Tensor>(table), -1));
      return {
        chosen: ops.reshape<tf.Tensor1D>(ops.slice<tf.Tensor>(rows, 0, 1, -1), [2]),
        rejected: ops.reshape<tf.Tensor1D>(ops.slice<tf.Tensor>(rows, 1, 2, -1), [2]),
      };
    };
    const optimizer = tf.train.sgd(2);
    const losses: number[] = [];
    const margins: number[] = [];
    const step = async () => {
      const { loss, margin, grads } = valueAndGrads(() => {
        const logps = { policy: logpsOf(logits), reference: noGrad(() => logpsOf(frozen!)) };
        const { policy, reference } = logps;
        const gap = tf.sub(tf.sub(policy.chosen, policy.rejected), tf.sub(reference.chosen, reference.rejected));
        return { loss: ops.mean(dpo(logps)), margin: tf.mean(gap) };
      }, [logits]);
      losses.push((await read(loss)) as number);
      margins.push((await read(margin)) as number);
      optimizer.applyGradients(grads);
      tf.dispose([loss, margin, grads]);
    };
    for (let i = 0; i < 2; i++) await step();
    const settled = liveTensors();
    for (let i = 0; i < 8; i++) await step();
    expect(liveTensors()).toBe(settled);
    expectClose(losses[0]!, Math.LN2, { relative: 1e-6 });
    expect(margins[0]).toBe(0);
    for (let i = 1; i < margins.length; i++) expect(margins[i]).toBeGreaterThan(margins[i - 1]!);
    expect((await read(frozen)) as number[][]).toEqual(start);
  });
});
