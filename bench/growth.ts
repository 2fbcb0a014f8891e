import { firstRun } from './firstRun.js';
import { shapeText } from './format.js';
import type { GrowthRow } from './results.js';
import type { Setup } from './setup.js';
import { time, type Timed } from './timing.js';
import { disposeInputs, makeInputs, run, upload, type Shape } from './workloads.js';

/** One axis grows, the others stay. */
const GROWING: Readonly<Record<GrowthRow['axis'], readonly Shape[]>> = {
  B: [1, 2, 4, 8, 16].map((batch): Shape => [batch, 64, 8192]),
  T: [16, 32, 64, 128, 256].map((tokens): Shape => [4, tokens, 8192]),
  V: [2048, 4096, 8192, 16384, 32768].map((vocabulary): Shape => [4, 64, vocabulary]),
};

const TURN_MS = 100;

/** Times and meters our log-prob head as the logits grow; the sizes have their turns in one run, so that a line shows. */
export async function benchGrowth({ meter, repeats, quick }: Setup): Promise<GrowthRow[]> {
  const rows: GrowthRow[] = [];
  for (const [axis, all] of Object.entries(GROWING)) {
    const sizes = quick ? all.slice(0, 3) : all;
    const made = sizes.map((shape) => ({ name: shapeText(shape), shape, inputs: makeInputs('logProbs', shape) }));
    for (const { inputs } of made) await upload(inputs);
    const routes: Record<string, Timed> = {};
    const peaks: Record<string, number> = {};
    for (const { name, inputs } of made) {
      const before = await meter.peak(() => Promise.resolve());
      peaks[name] = (await firstRun('logProbs', 'ours', inputs, meter)).peakBytes - before;
      routes[name] = () => run('logProbs', 'ours', inputs);
    }
    const times = await time(routes, { rounds: repeats, turnMs: TURN_MS });
    for (const { name, shape, inputs } of made) {
      rows.push({ axis: axis as GrowthRow['axis'], shape, ...times[name]!, peakBytes: peaks[name]! });
      disposeInputs(inputs);
    }
  }
  return rows;
}
