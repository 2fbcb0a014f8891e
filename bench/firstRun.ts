import * as tf from '@tensorflow/tfjs-core';
import type { StorageMeter } from './memory.js';
import { finish, valueAndGrad, type Inputs, type RouteName, type WorkloadName } from './workloads.js';

/** What one run gives, and what it takes. */
export interface FirstRun {
  readonly value: number;
  readonly gradient: Float32Array;
  readonly ms: number;
  /** Largest storage in use, that of the inputs included. */
  readonly peakBytes: number;
}

/** The first run of a route: it warms up, and says what is computed and how much memory that takes. */
export async function firstRun(workload: WorkloadName, route: RouteName, inputs: Inputs, meter: StorageMeter): Promise<FirstRun> {
  const start = performance.now();
  let result: ReturnType<typeof valueAndGrad> | undefined;
  const peakBytes = await meter.peak(async () => {
    result = valueAndGrad(workload, route, inputs);
    await finish(result);
  });
  const ms = performance.now() - start;
  const { value, grad } = result!;
  const [number] = await value.data();
  const gradient = (await grad.data()) as Float32Array;
  tf.dispose([value, grad]);
  return { value: number!, gradient, ms, peakBytes };
}
