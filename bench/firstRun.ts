import * as tf from '@tensorflow/tfjs-core';
import type { StorageMeter } from './memory.js';
import { finish, valueAndGrad, type Inputs, type RouteName, type WorkloadName } from './workloads.js';

/** Result, time and memory of one run. */
export interface FirstRun {
  readonly value: number;
  readonly gradient: Float32Array;
  readonly ms: number;
  /** Peak storage in use, including the inputs. */
  readonly peakBytes: number;
}

/** The first run of a route. It warms the route up and measures its result and memory. */
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
