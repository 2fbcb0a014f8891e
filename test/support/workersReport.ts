import { openWorkers } from '../../examples/data-parallel/workers/open.js';

/** Exchanges values with the other workers in every way and prints the results as one line of JSON. */
const workers = openWorkers();
const { rank, size } = workers;

const float32 = Float32Array.of(rank + 1, (rank + 1) / 8, -rank);
await workers.sum(float32);
const float64 = Float64Array.of(2 ** 40 + rank / 8, 1e-300);
await workers.sum(float64);
const none = new Float32Array();
await workers.sum(none);
const max = Float64Array.of(rank, -rank, -1e300, rank === 1 ? 1e300 : 0);
await workers.max(max);
const gathered = await workers.gather(new Uint8Array(3 * rank).fill(rank)); // none of worker 0
const empty = await workers.gather(new Uint8Array());

const large = new Float32Array(25e6).fill(rank + 1); // 100 MB
await workers.sum(large);
const expected = (size * (size + 1)) / 2;
const bytes = await workers.gather(new Uint8Array(rank === 0 ? 70e6 : 1).fill(7));
const isLargeRight = large.every((value) => value === expected) && bytes.every((part) => part.every((byte) => byte === 7));

const report = { rank, size, float32, float64, max, isLargeRight, sizes: bytes.map(({ length }) => length) };
const plain = Object.fromEntries(
  Object.entries(report).map(([name, value]) => [name, ArrayBuffer.isView(value) ? Array.from(value) : value]),
);
console.log(JSON.stringify({ ...plain, gathered: gathered.map((part) => Array.from(part)), empty: empty.map(({ length }) => length) }));
await workers.close();
