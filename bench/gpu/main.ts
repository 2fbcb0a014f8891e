/** Measures the webgpu backend on a GPU, through Dawn in Node.js. Run it with `--help` to see the options. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { softwareGpu } from '../../tools/software-gpu.js';
import { environment } from '../environment.js';
import { forkWorker } from '../forkWorker.js';
import { milliseconds, shapeText, times } from '../format.js';
import { runCommand, toCount, UsageError } from '../options.js';
import { peakOf } from './devices.js';
import type { GpuResults } from './results.js';
import type { GpuAnswer, GpuJob } from './worker.js';

const HELP = `Times log-probs on a GPU and measures the share of its memory bandwidth; writes bench/results/gpu-<device>.json.

  npm run bench:gpu -- [options]

  --peak      peak bandwidth of the device in GB/s        [of known devices, from their data sheets]
  --repeats   timed rounds of each route                  [10]
  --quick     the smallest logits only; writes nothing
  --software  run on a software driver, to try this script; writes nothing
  --help      print this text`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      peak: { type: 'string' },
      repeats: { type: 'string', default: '10' },
      quick: { type: 'boolean', default: false },
      software: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return;
  }
  const { quick, software } = values;
  const repeats = toCount('--repeats', values.repeats);
  const given = values.peak === undefined ? undefined : toCount('--peak', values.peak);
  const env = software ? (await softwareGpu())?.env : {};
  if (!env) throw new UsageError('--software: there is no software driver for this platform');

  const job: GpuJob = { repeats, quick };
  const answer = await forkWorker<GpuAnswer>(fileURLToPath(new URL('worker.ts', import.meta.url)), job, env);
  if ('failed' in answer) throw new UsageError(`bench:gpu: ${answer.failed}`);
  const { adapter } = answer;
  if (!software && adapter.description.includes('SwiftShader')) throw new UsageError('bench:gpu: the only adapter is one in software');
  const peakGBs = given ?? peakOf(adapter.device);
  if (peakGBs === undefined && !software) {
    throw new UsageError(`bench:gpu: the peak bandwidth of ${adapter.device} is not known here: give it as --peak <GB/s>`);
  }
  const results: GpuResults = {
    environment: environment({}),
    device: adapter.device,
    driver: adapter.description,
    peakGBs: peakGBs ?? NaN,
    repeats,
    rows: answer.rows.map((row) => ({ ...row, shareOfPeak: row.achievedGBs / (peakGBs ?? NaN) })),
  };
  console.log(`${results.device}, ${results.driver}, ${peakGBs === undefined ? 'no known peak' : `${peakGBs} GB/s at most`}\n`);
  for (const { shape, workload, ours, naive, achievedGBs, shareOfPeak } of results.rows) {
    const share = Number.isNaN(shareOfPeak) ? '' : `, ${(100 * shareOfPeak).toFixed(0)} % of the peak`;
    console.log(
      `  ${shapeText(shape)}  ${workload}: ${milliseconds(ours.medianMs)} ms, naive / ours ${times(naive.timeOverOurs)}, ${achievedGBs.toFixed(1)} GB/s${share}`,
    );
  }
  if (quick || software) {
    console.log('\nNot written: bench/results is for whole runs on a GPU.');
    return;
  }
  const name = results.device.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  const file = new URL(`../results/gpu-${name}.json`, import.meta.url);
  writeFileSync(file, `${JSON.stringify(results, undefined, 2)}\n`);
  console.log(`\nWritten to ${fileURLToPath(file)}`);
  await import('../pages/write.js');
}

await runCommand(main);
