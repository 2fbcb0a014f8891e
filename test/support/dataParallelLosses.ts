/**
 * Trains with every loss of examples/data-parallel, one after the other in the same workers, from the same fine-tuned model, which is faster
 * than to start the example for each. Arguments: a folder, and options of the example.
 */
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { runJob } from '../../examples/data-parallel/job.js';
import { OBJECTIVES } from '../../examples/data-parallel/objectives.js';
import { parseOptions } from '../../examples/data-parallel/options.js';
import { run } from '../../examples/data-parallel/run.js';
import { openWorkers } from '../../examples/data-parallel/workers/open.js';

const [folder, ...args] = process.argv.slice(2) as [string, ...string[]];
const workers = openWorkers();
await runJob(workers, async () => {
  const [first, ...others] = Object.keys(OBJECTIVES) as [string, ...string[]];
  const train = async (loss: string, ...more: string[]) =>
    run(workers, parseOptions([...args, '--loss', loss, '--out', join(folder, loss), ...more])!);
  await train(first);
  for (const loss of others) {
    if (workers.rank === 0) {
      mkdirSync(join(folder, loss), { recursive: true });
      for (const name of ['sft.safetensors', 'reference.jsonl']) copyFileSync(join(folder, first, name), join(folder, loss, name));
    }
    await train(loss, '--resume');
  }
});
