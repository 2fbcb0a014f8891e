import * as tf from '@tensorflow/tfjs';
import * as prefloss from '../../src/index.js';
import { tinyTraining } from './tinyTraining.mjs';

/** Memory at one moment of a training. */
interface Memory {
  readonly tensors: number;
  /** Bytes of tensors. */
  readonly bytes: number;
  /** The heap of JavaScript and its buffers after garbage collection, and the resident memory of the process, in MiB. */
  readonly heap: number;
  readonly resident: number;
}

/** What a long training did. */
export interface TrainingFigures {
  readonly engine: string;
  readonly steps: number;
  /** Number of losses that are not finite. */
  readonly notFinite: number;
  /** Mean loss of the first and of the last 100 steps. */
  readonly losses: readonly [number, number];
  /** Memory after a tenth of the steps, and at the end. */
  readonly memory: readonly [Memory, Memory];
}

const MIB = 2 ** 20;

function memoryNow(): Memory {
  globalThis.gc!();
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  const { numTensors, numBytes } = tf.memory();
  return { tensors: numTensors, bytes: numBytes, heap: (heapUsed + arrayBuffers) / MIB, resident: rss / MIB };
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** Trains the tiny model on the active backend. */
export function longTraining(engine: string, steps: number): TrainingFigures {
  const training = tinyTraining(tf, prefloss);
  const losses: number[] = [];
  const train = (count: number): Memory => {
    for (let i = 0; i < count; i++) losses.push(training.step(losses.length).loss);
    return memoryNow();
  };
  const early = train(steps / 10);
  const late = train(steps - steps / 10);
  training.dispose();
  return {
    engine,
    steps,
    notFinite: losses.filter((loss) => !Number.isFinite(loss)).length,
    losses: [mean(losses.slice(0, 100)), mean(losses.slice(-100))],
    memory: [early, late],
  };
}
