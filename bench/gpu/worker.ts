/** Measures a GPU in a separate process, with the environment that a Vulkan driver needs when it starts. Started by `main.ts`. */
import * as tf from '@tensorflow/tfjs-core';
import { gradientDifference } from '../difference.js';
import { firstRun } from '../firstRun.js';
import { SHAPES } from '../heads.js';
import { meterStorage } from '../memory.js';
import type { RouteResult } from '../results.js';
import { BackendMissing, startBackend, type Adapter } from '../startBackend.js';
import { time, type Timed } from '../timing.js';
import { countedShare, disposeInputs, finish, makeInputs, upload, valueAndGrad, WORKLOADS } from '../workloads.js';
import type { Inputs, RouteName, Shape, WorkloadName } from '../workloads.js';
import type { GpuRow } from './results.js';

/** The job sent by the parent process. */
export interface GpuJob {
  readonly repeats: number;
  readonly quick: boolean;
}

/** The measurements, or the reason why there are none. */
export type GpuAnswer = { readonly adapter: Adapter; readonly rows: readonly Omit<GpuRow, 'shareOfPeak'>[] } | { readonly failed: string };

/** Runs queued before waiting for the GPU, so that the wait is negligible. Slow runs are waited for one by one. */
const RUNS = 8;
const SLOW_MS = 500;

async function measure({ repeats, quick }: GpuJob): Promise<GpuAnswer> {
  const adapter = (await startBackend('webgpu'))!;
  const meter = meterStorage('webgpu', tf.backend());
  const rows: Omit<GpuRow, 'shareOfPeak'>[] = [];
  for (const shape of quick ? SHAPES.slice(0, 1) : SHAPES) {
    for (const workload of WORKLOADS) rows.push(await measureOne(workload, shape));
  }
  return { adapter, rows };

  async function measureOne(workload: WorkloadName, shape: Shape): Promise<Omit<GpuRow, 'shareOfPeak'>> {
    const inputs = makeInputs(workload, shape);
    await upload(inputs);
    const logitsBytes = 4 * inputs.logits.size;
    const naive = await firstRun(workload, 'naive', inputs, meter);
    const ours = await firstRun(workload, 'ours', inputs, meter);
    gradientDifference(naive.gradient, ours.gradient);
    const routes = { naive: inARow(workload, 'naive', inputs, naive.ms), ours: inARow(workload, 'ours', inputs, ours.ms) };
    const times = await time(routes, { rounds: repeats, turnMs: 100 });
    disposeInputs(inputs);
    const result = (route: RouteName, peakBytes: number): RouteResult => ({
      ...times[route],
      timeOverOurs: times[route].medianMs / times.ours.medianMs,
      storageOverLogits: (peakBytes - logitsBytes) / logitsBytes,
    });
    const movedBytes = (2 * countedShare(workload) + 1) * logitsBytes;
    return {
      ...{ workload, shape, logitsBytes },
      ours: result('ours', ours.peakBytes),
      naive: result('naive', naive.peakBytes),
      achievedGBs: movedBytes / 1e6 / times.ours.medianMs,
    };
  }
}

function inARow(workload: WorkloadName, route: RouteName, inputs: Inputs, firstMs: number): Timed {
  const runs = firstMs > SLOW_MS ? 1 : RUNS;
  return async () => {
    const start = performance.now();
    for (let i = 0; i < runs; i++) {
      const result = valueAndGrad(workload, route, inputs);
      if (i === runs - 1) await finish(result);
      tf.dispose([result.value, result.grad]);
    }
    return { overriddenDuration: (performance.now() - start) / runs };
  };
}

async function answer(job: GpuJob): Promise<GpuAnswer> {
  try {
    return await measure(job);
  } catch (error) {
    return { failed: error instanceof BackendMissing ? `${error.message} that Dawn can use` : String(error) };
  }
}

process.once('message', (job: GpuJob) => {
  void answer(job).then((said) => {
    // An open GPU device would keep the process alive.
    process.send!(said, undefined, undefined, () => process.exit(0));
  });
});
