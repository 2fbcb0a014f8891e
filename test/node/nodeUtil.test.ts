import util from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { afterAll, afterEach, beforeEach, expect, it, vi } from 'vitest';
import { dpo, valueAndGrads } from '../../src/index.js';

// What Node.js 20 still has is removed here, and a backend under the name of tfjs-node takes its place: both are those of Node.js 24.
const removed = util as { isNullOrUndefined?: unknown };
const { isNullOrUndefined } = removed;
const cpu = tf.findBackendFactory('cpu');
const message =
  '@tensorflow/tfjs-node calls util.isNullOrUndefined, which Node.js 23 removed (tensorflow/tfjs#8609). Restore it before the first tensor: ' +
  "Object.assign(process.getBuiltinModule('util'), { isNullOrUndefined: (x) => x == null });";
const pair = () => ({ chosen: tf.tensor1d([-1]), rejected: tf.tensor1d([-2]) });

beforeEach(() => {
  delete removed.isNullOrUndefined;
});
afterEach(async () => {
  await tf.setBackend('cpu');
  tf.removeBackend('tensorflow');
});
afterAll(() => {
  removed.isNullOrUndefined = isNullOrUndefined;
});

const startTfjsNode = async () => {
  tf.registerBackend('tensorflow', cpu);
  await tf.setBackend('tensorflow');
};

it('a loss and valueAndGrads say how to mend tfjs-node', async () => {
  await startTfjsNode();
  expect(() => dpo({ policy: pair(), reference: pair() })).toThrow(new Error(message));
  expect(() => valueAndGrads(() => ({ loss: tf.scalar(0) }), [])).toThrow(new Error(message));
});

it('the line that they name mends it, and other backends need none', async () => {
  expect(dpo({ policy: pair(), reference: pair() }).dataSync()[0]).toBeCloseTo(Math.LN2, 6);
  await startTfjsNode();
  const line = /Object\.assign.*$/.exec(message)![0];
  new Function(line)(); // eslint-disable-line @typescript-eslint/no-implied-eval -- the line as a user runs it
  expect(() => dpo({ policy: pair(), reference: pair() })).toThrow("Kernel 'Sub' not registered for backend 'tensorflow'");
});

it('the import warns once tfjs-node is loaded', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  const load = async () => {
    vi.resetModules();
    await import('../../src/index.js');
  };
  await load();
  expect(warn).not.toHaveBeenCalledWith(message);
  tf.registerBackend('tensorflow', cpu);
  await load();
  expect(warn).toHaveBeenCalledWith(message);
  warn.mockRestore();
});
