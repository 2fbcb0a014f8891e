/** Trains a tiny GPT on preference pairs, on several processes as on one. `--help` lists the options. */
import { runJob, together } from './job.js';
import { HELP, parseOptions } from './options.js';
import { run } from './run.js';
import { openWorkers } from './workers/open.js';

const workers = openWorkers();
await runJob(workers, async () => {
  const options = await together(workers, () => parseOptions(process.argv.slice(2)));
  if (options) await run(workers, options);
  else if (workers.rank === 0) console.log(HELP);
});
