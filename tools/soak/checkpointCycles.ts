import * as tf from '@tensorflow/tfjs';
import * as prefloss from '../../src/index.js';
import { tinyTraining, type TinyTraining } from './tinyTraining.mjs';

/** What the cycles of checkpoints did. */
export interface CheckpointFigures {
  readonly engine: string;
  readonly cycles: number;
  /** Size of a checkpoint. */
  readonly bytes: number;
  /** Cycles after which weights, moments or counts differed in any bit, or the next step did. */
  readonly different: number;
  /** Tensors after the first cycle and after the last. */
  readonly tensors: readonly [number, number];
}

const { loadCheckpoint, saveCheckpoint } = prefloss;

/** Whether all bits of two trainings are equal, and those of their next step. */
async function isSame(a: TinyTraining, b: TinyTraining, number: number): Promise<boolean> {
  const [one, other] = await Promise.all([a, b].map(({ policy, optimizer }) => saveCheckpoint({ policy, optimizer })));
  const [next, otherNext] = [a.step(number), b.step(number)];
  // The bytes also hold the names of the variables, which differ.
  const data = (bytes: Uint8Array): string =>
    Buffer.from(bytes.subarray(8 + Number(new DataView(bytes.buffer).getBigUint64(0, true)))).toString('base64');
  return data(one!) === data(other!) && JSON.stringify(next) === JSON.stringify(otherNext);
}

/** Trains a step, saves, loads into another model and compares, again and again, on the active backend. */
export async function checkpointCycles(engine: string, cycles: number): Promise<CheckpointFigures> {
  const [first, second] = [tinyTraining(tf, prefloss), tinyTraining(tf, prefloss)];
  const tensors: number[] = [];
  let [different, bytes] = [0, 0];
  for (let i = 0; i < cycles; i++) {
    first.step(2 * i);
    const saved = await saveCheckpoint(first, { step: i });
    const state = await loadCheckpoint(saved, second);
    if (!(await isSame(first, second, 2 * i + 1)) || state.step !== i) different++;
    tensors.push(tf.memory().numTensors);
    bytes = saved.length;
  }
  first.dispose();
  second.dispose();
  return { engine, cycles, bytes, different, tensors: [tensors[0]!, tensors.at(-1)!] };
}
