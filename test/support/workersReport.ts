/**
 * Exchanges values with the other workers in every way and prints the results as a line of JSON.
 *
 *     node --import tsx test/support/workersReport.ts [abort | leave]
 *
 * abort: worker 1 fails, while the others wait for it; leave: it ends as if all were well.
 */
import { runJob } from '../../examples/data-parallel/job.js';
import { openWorkers } from '../../examples/data-parallel/workers/open.js';

const LARGE = 25e6; // 100 MB
const end = process.argv[2];

const workers = openWorkers();
await runJob(workers, async () => {
  const { rank, size } = workers;
  const float32 = Float32Array.of(rank + 1, (rank + 1) / 8, -rank);
  await workers.sum(float32);
  const float64 = Float64Array.of(2 ** 40 + rank / 8, 1e-300);
  await workers.sum(float64);
  await workers.sum(new Float32Array());
  const max = Float64Array.of(rank, -rank, rank === 1 ? 1e300 : -1e300);
  await workers.max(max);
  if (rank === 1 && end === 'abort') throw new Error('this worker fails');
  if (rank === 1 && end === 'leave') process.exit(0);
  const gathered = await workers.gather(new Uint8Array(3 * rank).fill(rank)); // none of worker 0
  const empty = await workers.gather(new Uint8Array());

  const large = new Float32Array(LARGE).fill(rank + 1);
  await workers.sum(large);
  const isLargeRight = large.every((value) => value === (size * (size + 1)) / 2);
  const largeGathered = await workers.gather(new Uint8Array(rank === 0 ? LARGE : 1).fill(7));

  const report = {
    rank,
    size,
    float32: Array.from(float32),
    float64: Array.from(float64),
    max: Array.from(max),
    gathered: gathered.map((part) => Array.from(part)),
    empty: empty.map(({ length }) => length),
    isLargeRight,
    largeGathered: largeGathered.map((part) => (part.every((byte) => byte === 7) ? part.length : 'wrong')),
  };
  console.log(JSON.stringify(report));
});
