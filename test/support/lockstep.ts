import type { Workers } from '../../examples/data-parallel/workers/workers.js';
import { ops, readMetrics, stopGradient, type Nested } from '../../src/index.js';
import { read, tensor, type X } from './engine.js';

/**
 * Runs `work` as `size` workers of examples/data-parallel inside this process: asynchronous functions that wait for each other whenever
 * they exchange something. Returns their results by rank.
 */
export function lockstep<Result>(size: number, work: (workers: Workers) => Promise<Result>): Promise<Result[]> {
  let brought: unknown[] = [];
  let waiting: ((all: unknown[]) => void)[] = [];
  const meet = async <Value>(rank: number, value: Value): Promise<Value[]> =>
    (await new Promise<unknown[]>((resolve) => {
      if (rank in brought) throw new Error(`worker ${rank} exchanges twice at once`);
      brought[rank] = value;
      if (waiting.push(resolve) < size) return;
      const [all, arrived] = [brought, waiting];
      [brought, waiting] = [[], []];
      for (const go of arrived) go(all);
    })) as Value[];
  const combine = async (rank: number, values: Float32Array | Float64Array, of: (a: number, b: number) => number): Promise<void> => {
    const all = await meet(rank, values.slice());
    values.set(values.map((_, i) => all.map((one) => one[i]!).reduce(of)));
  };
  const workerOf = (rank: number): Workers => ({
    rank,
    size,
    sum: (values) => combine(rank, values, (a, b) => a + b),
    max: (values) => combine(rank, values, Math.max),
    gather: (bytes) => meet(rank, bytes.slice()),
    close: () => Promise.resolve(),
    abort() {
      throw new Error(`worker ${rank} ends the job`);
    },
  });
  return Promise.all(Array.from({ length: size }, (_, rank) => work(workerOf(rank))));
}

// The functions of examples/data-parallel/exchange.ts that decide what a loss sees, on any engine.

/** The scalars of a record, added up over all workers, as plain numbers. */
export async function sumOver<Name extends string>(workers: Workers, part: Readonly<Record<Name, X>>): Promise<Record<Name, number>> {
  const own = await readMetrics(part);
  const total = Float64Array.from(Object.values(own));
  await workers.sum(total);
  return Object.fromEntries(Object.keys(own).map((name, i) => [name, total[i]])) as Record<Name, number>;
}

/** The values `[B]` of all workers, by rank. */
export async function gatherRows(workers: Workers, own: X): Promise<readonly Nested[]> {
  const values = Float64Array.from((await read(own)) as number[]);
  const bytes = await workers.gather(new Uint8Array(values.buffer));
  return bytes.map((part) => Array.from(new Float64Array(part.slice().buffer)));
}

/** The rows of all workers in one vector: this worker's own with their gradient, those of the others as constants. */
export const amongAll = (workers: Workers, all: readonly Nested[], own: X): X =>
  ops.concat<X>(
    [...all.entries()]
      .filter(([, { length }]: X) => length > 0)
      .map(([worker, values]) => (worker === workers.rank ? own : tensor(values))),
  );

/** This worker's part of a scalar that every worker has whole: shares of the value, which add up to it, and the whole gradient of its own rows. */
export const shareOf = (whole: X, share: number): X => ops.sub<X>(whole, ops.mul<X>(stopGradient<X>(whole), 1 - share));
