/** Prints the peak of resident memory of one run of our route in this process. `residentPeak.ts` starts it. */
import type { BackendName } from './options.js';
import { peakOfResidentMemory } from './residentMemory.js';
import { startBackend } from './startBackend.js';
import { disposeInputs, makeInputs, run, upload, type Shape, type WorkloadName } from './workloads.js';

/** What the worker gets as its argument, in JSON. */
export interface ResidentJob {
  readonly backend: BackendName;
  readonly workload: WorkloadName;
  readonly shape: Shape;
}

const { backend, workload, shape } = JSON.parse(process.argv[2]!) as ResidentJob;
await startBackend(backend);
// The first run loads what the following ones share.
const small = makeInputs(workload, [2, 4, 16]);
await run(workload, 'ours', small);
disposeInputs(small);
const inputs = makeInputs(workload, shape);
await upload(inputs);
console.log(JSON.stringify(await peakOfResidentMemory(() => run(workload, 'ours', inputs))));
process.exit();
