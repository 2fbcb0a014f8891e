// Tries to refute the properties in test/fuzz with random inputs, one after the other, for as long as asked:
//
//     npm run fuzz -- --minutes 30            # with a new seed
//     npm run fuzz -- --minutes 5 --seed 42 --only "a loss with any options"
//     npm run fuzz -- --seed 42 --path 17:3 --only "a loss with any options"  # an input that was found
//
// Each slice runs in a process of its own with the next seed, so that an input that hangs or that eats the memory is found too.
// On a finding it prints the smallest such input, its seed and path, and exits with 1. Keep the input as a case in `findings`.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { properties } from '../../test/fuzz/properties/index.js';
import type { Outcome, Search } from '../../test/fuzz/property.js';
import type { Task } from './slice.js';

/** Length of a slice, in seconds. */
const SLICE = 20;
/** Time that a slice may take longer than that, to start, to end its last run and to make an input smaller, in seconds. */
const GRACE = 180;

const { values } = parseArgs({
  options: { minutes: { type: 'string' }, seed: { type: 'string' }, only: { type: 'string' }, path: { type: 'string' } },
});
const number = (name: 'minutes' | 'seed', fallback: number): number => {
  const value = Number(values[name] ?? fallback);
  if (!(value >= 0)) throw new RangeError(`--${name} is ${values[name]!}, expected a number of at least 0`);
  return value;
};
const [minutes, first] = [number('minutes', 1), number('seed', Date.now() % 2 ** 31)];
const chosen = properties.filter(({ name }) => name.includes(values.only ?? ''));
if (chosen.length === 0)
  throw new RangeError(`--only is ${values.only!}, expected part of: ${properties.map(({ name }) => name).join(', ')}`);

/** Runs one slice in another process. */
function slice(name: string, search: Search): Promise<Outcome> {
  return new Promise((resolve) => {
    let outcome: Outcome | undefined;
    const child = fork(fileURLToPath(new URL('slice.ts', import.meta.url)), {
      execArgv: ['--import', 'tsx', '--max-old-space-size=2048'],
      env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' }, // hides messages about the processor
    });
    const watch = setTimeout(
      () => {
        outcome = { runs: 0, finding: `does not end, with seed ${search.seed}` };
        child.kill('SIGKILL');
      },
      (SLICE + GRACE) * 1000,
    );
    child.once('message', (message) => {
      outcome = message as Outcome;
    });
    child.once('close', (code, signal) => {
      clearTimeout(watch);
      resolve(outcome ?? { runs: 0, finding: `the process ended with ${signal ?? code ?? 'nothing'}, with seed ${search.seed}` });
    });
    child.send({ name, search } satisfies Task);
  });
}

const counts = new Map(chosen.map(({ name }) => [name, 0]));
const end = Date.now() + minutes * 60_000;
console.log(`${chosen.length} properties, from seed ${first}`);
for (let i = 0; process.exitCode === undefined && (i === 0 || (values.path === undefined && Date.now() < end)); i++) {
  const { name } = chosen[i % chosen.length]!;
  const seed = first + i;
  const milliseconds = Math.min(SLICE * 1000, Math.max(end - Date.now(), 1000));
  const search = { seed, ...(values.path === undefined ? { runs: 2 ** 31, milliseconds } : { runs: 1, path: values.path }) };
  const { runs, finding } = await slice(name, search);
  counts.set(name, counts.get(name)! + runs);
  console.log(`seed ${seed}, ${runs} runs: ${name}`);
  if (finding === undefined) continue;
  console.error(`\nFOUND: ${name}\n${finding}`);
  process.exitCode = 1;
}
console.log(`\n${[...counts].map(([name, runs]) => `${String(runs).padStart(9)}  ${name}`).join('\n')}`);
