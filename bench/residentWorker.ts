/** Prints the peak resident memory of one run of our route in this process. Started by `residentPeak.ts`. */
import type { BackendName } from './options.js';
import { peakOfResidentMemory } from './residentMemory.js';
import { startBackend } from './startBackend.js';
import { disposeInputs, makeInputs, run, upload, type Shape, type WorkloadName } from './workloads.js';

/** The worker's argument, as JSON. */
export interface ResidentJob {
  readonly backend: BackendName;
  readonly workload: WorkloadName;
  readonly shape: Shape;
}

const { backend, workload, shape } = JSON.parse(process.argv[2]!) as ResidentJob;
await startBackend(backend);
// The first run loads code that later runs share.
const small = makeInputs(workload, [2, 4, 16]);
await run(workload, 'ours', small);
disposeInputs(small);
const inputs = makeInputs(workload, shape);
await upload(inputs);
console.log(JSON.stringify(await peakOfResidentMemory(() => run(workload, 'ours', inputs))));
process.exit();
