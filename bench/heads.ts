import { checkValue, gradientDifference } from './difference.js';
import { firstRun } from './firstRun.js';
import { PyTorch, TORCH_ROUTES, torchPeak, type TorchRoute } from './pytorch/pytorch.js';
import { residentPeak } from './residentPeak.js';
import type { HeadRow, Measurement, RouteResult } from './results.js';
import type { Setup } from './setup.js';
import { time, type Timed } from './timing.js';
import { disposeInputs, makeInputs, run, upload, WORKLOADS, type Shape, type WorkloadName } from './workloads.js';

/** A small vocabulary, GPT-2's, and a realistic fine-tuning batch with Llama 2's. */
export const SHAPES: readonly Shape[] = [
  [4, 64, 8192],
  [2, 64, 50257],
  [8, 256, 32000],
];

const TURN_MS = 100;

/** Measures time and memory of the workloads that start from logits, by all routes. */
export async function benchHeads(setup: Setup): Promise<HeadRow[]> {
  const rows: HeadRow[] = [];
  for (const shape of setup.quick ? SHAPES.slice(0, 1) : SHAPES) {
    for (const workload of WORKLOADS) rows.push(await benchHead(setup, workload, shape));
  }
  return rows;
}

async function benchHead(setup: Setup, workload: WorkloadName, shape: Shape): Promise<HeadRow> {
  const { backend, meter, repeats } = setup;
  const inputs = makeInputs(workload, shape);
  await upload(inputs);
  const logitsBytes = 4 * inputs.logits.size;
  const naive = await firstRun(workload, 'naive', inputs, meter);
  const ours = await firstRun(workload, 'ours', inputs, meter);
  const difference = gradientDifference(naive.gradient, ours.gradient);

  const { python, threads } = setup;
  const torch = python === undefined ? undefined : await PyTorch.start({ python, threads, workload, shape });
  const routes: Record<string, Timed> = {
    ours: async () => run(workload, 'ours', inputs),
    naive: async () => run(workload, 'naive', inputs),
  };
  for (const route of torch ? TORCH_ROUTES : []) {
    checkValue(route, torch!.values[route], ours.value);
    routes[route] = async () => ({ overriddenDuration: await torch!.time(route) });
  }
  const times = await time(routes, { rounds: repeats, turnMs: TURN_MS });
  torch?.stop();
  disposeInputs(inputs);

  const result = (measured: Measurement, memory: Partial<RouteResult>): RouteResult => ({
    ...measured,
    timeOverOurs: measured.medianMs / times.ours!.medianMs,
    ...memory,
  });
  const storage = (peakBytes: number) => ({ storageOverLogits: (peakBytes - logitsBytes) / logitsBytes });
  const resident = (bytes: number | undefined) => (bytes === undefined ? {} : { residentOverLogits: bytes / logitsBytes });
  const row: HeadRow = {
    ...{ workload, shape, logitsBytes },
    ours: result(times.ours!, { ...storage(ours.peakBytes), ...resident(await residentPeak(backend, workload, shape)) }),
    naive: result(times.naive!, storage(naive.peakBytes)),
    gradientDifference: difference,
  };
  if (!torch) return row;
  const ofTorch = async (route: TorchRoute): Promise<RouteResult> => result(times[route]!, resident(await torchPeak(torch.setting, route)));
  return { ...row, selectiveLogSoftmax: await ofTorch('selectiveLogSoftmax'), logSoftmaxGather: await ofTorch('logSoftmaxGather') };
}
