import * as tf from '@tensorflow/tfjs-core';
import { firstRun } from './firstRun.js';
import { shapeText } from './format.js';
import { firstLinearRun, frozenLinear, makeLinearInputs, runLinear } from './linear.js';
import type { GrowthRow } from './results.js';
import type { Setup } from './setup.js';
import { time, type Timed } from './timing.js';
import { disposeInputs, makeInputs, run, upload, type Shape } from './workloads.js';

type Axis = GrowthRow['axis'];

/** The sizes of each study: one axis grows, the others are fixed. */
const GROWING: Readonly<Record<Axis, readonly Shape[]>> = {
  B: [1, 2, 4, 8, 16].map((batch): Shape => [batch, 64, 8192]),
  T: [16, 32, 64, 128, 256].map((tokens): Shape => [4, tokens, 8192]),
  V: [2048, 4096, 8192, 16384, 32768].map((vocabulary): Shape => [4, 64, vocabulary]),
  'V, linear': [2048, 4096, 8192, 16384, 32768].map((vocabulary): Shape => [128, 16, vocabulary]),
};

/** Tokens per chunk of the linear form; smaller than all of its vocabularies. */
const CHUNK = 512;

const TURN_MS = 100;

/** One size, ready to be measured. */
interface Case {
  readonly run: Timed;
  readonly peakBytes: number;
  readonly dispose: () => void;
}

/** Measures time and memory of our log-prob head as it grows. The sizes are interleaved in one run, so that they are comparable. */
export async function benchGrowth(setup: Setup): Promise<GrowthRow[]> {
  const rows: GrowthRow[] = [];
  for (const [axis, all] of Object.entries(GROWING) as [Axis, readonly Shape[]][]) {
    const sizes = setup.quick ? all.slice(0, 3) : all;
    const cases: Record<string, Case> = {};
    for (const shape of sizes) cases[shapeText(shape)] = await (axis === 'V, linear' ? linearCase : headCase)(setup, shape);
    const routes = Object.fromEntries(Object.entries(cases).map(([name, one]) => [name, one.run]));
    const times = await time(routes, { rounds: setup.repeats, turnMs: TURN_MS });
    for (const shape of sizes) {
      const name = shapeText(shape);
      rows.push({ axis, shape, ...times[name]!, peakBytes: cases[name]!.peakBytes });
      cases[name]!.dispose();
    }
  }
  return rows;
}

async function headCase({ meter }: Setup, shape: Shape): Promise<Case> {
  const inputs = makeInputs('logProbs', shape);
  await upload(inputs);
  const before = await meter.peak(() => Promise.resolve());
  const { peakBytes } = await firstRun('logProbs', 'ours', inputs, meter);
  return {
    run: () => run('logProbs', 'ours', inputs),
    peakBytes: peakBytes - before,
    dispose: () => {
      disposeInputs(inputs);
    },
  };
}

async function linearCase({ meter }: Setup, shape: Shape): Promise<Case> {
  const inputs = makeLinearInputs(shape);
  const linear = frozenLinear({ chunkSize: CHUNK });
  const { bytes } = await firstLinearRun(linear, inputs, true, meter);
  return {
    run: () => runLinear(linear, inputs, true),
    peakBytes: bytes,
    dispose: () => {
      tf.dispose([inputs.hidden, inputs.weight, inputs.labels]);
    },
  };
}
