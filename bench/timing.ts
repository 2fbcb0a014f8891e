import { setTimeout as sleep } from 'node:timers/promises';
import { Bench } from 'tinybench';
import type { Measurement } from './results.js';

/** How often to measure, and for how long. */
export interface Schedule {
  /** Rounds; every route has one turn in each. */
  readonly rounds: number;
  /** Minimum time of a turn, in which a route runs at least once. */
  readonly turnMs: number;
}

/** One run. A run timed elsewhere returns `{ overriddenDuration }` in milliseconds. */
export type Timed = () => Promise<unknown>;

// Idle threads spin for a few milliseconds and would take a core from the next route.
const PAUSE_MS = 20;

/**
 * Times routes in interleaved turns, so that background load affects all of them: on a noisy machine, ratios within one
 * call are more reliable than milliseconds. The caller warms the routes up; of short routes, the first fifth of the samples is dropped.
 */
export async function time<Name extends string>(
  routes: Readonly<Record<Name, Timed>>,
  { rounds, turnMs }: Schedule,
): Promise<Record<Name, Measurement>> {
  const names = Object.keys(routes) as Name[];
  const samples = new Map<Name, number[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    const bench = new Bench({ warmup: false, iterations: 1, time: turnMs, retainSamples: true, throws: true });
    for (const name of names) {
      // Without `async`, tinybench calls a function once more to find out whether it is.
      bench.add(name, routes[name], { async: true, beforeAll: settle });
    }
    for (const task of await bench.run()) {
      if (task.result.state !== 'completed') throw new Error(`${task.name} was not measured: ${task.result.state}`);
      samples.get(task.name as Name)!.push(...(task.result.latency.samples ?? []));
    }
  }
  return summaries(new Map([...samples].map(([name, all]) => [name, warm(all)])));
}

/**
 * Times short routes call by call, rotating which route goes first, so that background load and cache contents affect all of
 * them. The first half of the calls warms up the just-in-time compiler and is not counted.
 */
export async function timeByTurns<Name extends string>(
  routes: Readonly<Record<Name, Timed>>,
  calls: number,
): Promise<Record<Name, Measurement>> {
  const names = Object.keys(routes) as Name[];
  const samples = new Map<Name, number[]>(names.map((name) => [name, []]));
  for (let call = 0; call < 2 * calls; call++) {
    for (let i = 0; i < names.length; i++) {
      const name = names[(call + i) % names.length]!;
      const start = performance.now();
      await routes[name]();
      if (call >= calls) samples.get(name)!.push(performance.now() - start);
    }
  }
  return summaries(samples);
}

/** Collects garbage before each turn, so that no route pays for another's. Needs `--expose-gc`. */
async function settle(): Promise<void> {
  globalThis.gc?.();
  await sleep(PAUSE_MS);
}

// The just-in-time compiler gets faster over the first calls, and the steps of a training run are many.
const WARM_UP = 0.2;
/** With fewer samples, the calls are long and all of them count. */
const FEWEST_TO_DROP = 10;

const warm = (samples: readonly number[]): readonly number[] =>
  samples.length < FEWEST_TO_DROP ? samples : samples.slice(Math.floor(WARM_UP * samples.length));

const summaries = <Name extends string>(samples: ReadonlyMap<Name, readonly number[]>): Record<Name, Measurement> =>
  Object.fromEntries([...samples].map(([name, times]) => [name, summary(times)])) as Record<Name, Measurement>;

/** Median and best of a list of times in milliseconds. */
function summary(samples: readonly number[]): Measurement {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { medianMs: median, fastestMs: sorted[0]!, samples: sorted.length };
}
