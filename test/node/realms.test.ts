import { runInNewContext } from 'node:vm';
import * as tf from '@tensorflow/tfjs';
import { dpo, frozenCopy, ops, valueAndGrads, type Pair } from 'prefloss';
import { checkGradients } from 'prefloss/testing';
import { expect, it } from 'vitest';

/** The same value, made in another realm, as test runners and `structuredClone` in them make values: its lists and records have other prototypes. */
const elsewhere = <T>(value: T): T => runInNewContext(`(${JSON.stringify(value)})`) as T;

const own = { chosen: [-10], rejected: [-12] };
const pair = elsewhere(own);

it('the values of these tests are of another realm', () => {
  expect(Object.getPrototypeOf(pair)).not.toBe(Object.prototype);
  expect(pair.chosen instanceof Array).toBe(false);
});

it('records, lists and options of another realm are taken as those of this one', async () => {
  const loss = (policy: Pair<number[]>) =>
    dpo({ policy, reference: elsewhere({ chosen: [-11], rejected: [-11] }) }, elsewhere({ beta: 0.5 }));
  expect(loss(pair)).toEqual(loss(own));
  const gradsOf = (policy: Pair<number[]>) => valueAndGrads((inputs) => ({ loss: ops.mean(loss(inputs as never)) }), policy).grads;
  expect(gradsOf(pair)).toEqual(gradsOf(own));
  await checkGradients((logps: { policy: Pair<number[]> }) => loss(logps.policy), { policy: pair });
});

it('containers of variables of another realm keep their form', () => {
  const container = runInNewContext('({ blocks: [{ w: variable }] })', { variable: tf.variable(tf.scalar(2)) }) as {
    blocks: { w: tf.Variable }[];
  };
  expect(frozenCopy(container).blocks[0]!.w.dataSync()).toEqual(Float32Array.of(2));
});
