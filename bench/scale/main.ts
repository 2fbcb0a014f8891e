/** Measures data parallel training with the example's own functions, on 1, 2 and 3 workers. Run it with `--help` to see the options. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { TASKS, type TaskName } from '../../examples/train-tiny-gpt/tasks.js';
import { environment } from '../environment.js';
import { machine, milliseconds, times } from '../format.js';
import { median } from '../median.js';
import { runCommand, toCount } from '../options.js';
import {
  SCALE_BACKENDS,
  type EngineRow,
  type ExchangeRow,
  type Phases,
  type ScaleResults,
  type StepRow,
  type Transport,
} from './results.js';
import { openLauncher, type Launcher } from './launcher.js';
import type { Answers, Job } from './worker.js';

const HELP = `Times the all-reduce and the step of the tiny GPT on 1, 2 and 3 workers; writes bench/results/scale.json and its section of
docs/scale.md. It needs Linux, and takes the MPI that examples/data-parallel takes.

  npm run bench:scale -- [options]

  --rounds  rounds, in each of which every number of workers has its turn  [4]
  --help    print this text`;

const WORKERS = [1, 2, 3] as const;
/** MPICH goes through the network interface if its own shared memory is off, and the network library is not one with shared memory. */
const TCP = { MPIR_CVAR_NOLOCAL: '1', MPIR_CVAR_CH4_NETMOD: 'ofi', FI_PROVIDER: 'tcp' };
const TRANSPORTS: Readonly<Record<Transport, Readonly<Record<string, string>>>> = { 'shared memory': {}, TCP };

const medianOf = <Row>(rows: readonly Row[], of: (row: Row) => number): number => median(rows.map(of));
const gigabytes = (perSecond: number): string => `${(perSecond / 1e9).toFixed(2)} GB/s`;

async function exchangeRows(launcher: Launcher): Promise<ExchangeRow[]> {
  const rows: ExchangeRow[] = [];
  for (const workers of WORKERS.slice(1)) {
    for (const transport of Object.keys(TRANSPORTS) as Transport[]) {
      const answer = await launcher.start<Answers['exchange']>(workers, { study: 'exchange' } satisfies Job, TRANSPORTS[transport]);
      rows.push({ transport, workers, ...answer });
      const sizes = answer.sizes.map(({ bytes, ms }) => `${bytes / 2 ** 20} MiB ${milliseconds(ms)} ms`);
      console.log(
        `all-reduce, ${transport}, ${workers} workers: one float ${(1000 * answer.latencyMs).toFixed(1)} us, ${sizes.join(', ')}`,
      );
    }
  }
  return rows;
}

async function engineRows(launcher: Launcher): Promise<EngineRow[]> {
  const rows: EngineRow[] = [];
  for (const backend of SCALE_BACKENDS) {
    for (const workers of WORKERS) {
      const answer = await launcher.start<Answers['engine']>(workers, { study: 'engine', backend } satisfies Job);
      rows.push({ backend, workers, ...answer });
      const [tiny, large] = [answer.tinyRate, answer.largeRate].map((rate) => (rate / 1e9).toFixed(1));
      console.log(`${backend}, ${workers} at once: ${tiny!} and ${large!} GFLOP/s, gradients copied at ${gigabytes(answer.copyRate)}`);
    }
  }
  return rows;
}

async function stepRows(launcher: Launcher, rounds: number): Promise<StepRow[]> {
  const rows: StepRow[] = [];
  for (const backend of SCALE_BACKENDS) {
    for (const task of Object.keys(TASKS) as TaskName[]) {
      const turns: Answers['step'][][] = [];
      for (let round = 0; round < rounds; round++) {
        const turn: Answers['step'][] = [];
        for (const workers of WORKERS) turn.push(await launcher.start(workers, { study: 'step', backend, task } satisfies Job));
        turns.push(turn);
      }
      WORKERS.forEach((workers, i) => {
        const row = rowOf({ backend, task, workers }, turns, i);
        rows.push(row);
        console.log(rowText(row));
      });
    }
  }
  return rows;
}

function rowOf(what: Pick<StepRow, 'backend' | 'task' | 'workers'>, turns: readonly (readonly Answers['step'][])[], i: number): StepRow {
  const own = turns.map((turn) => turn[i]!);
  const { weights, tokens, phases, alone } = own[0]!;
  const names = Object.keys(phases) as (keyof Phases)[];
  return {
    ...what,
    weights,
    tokens,
    phases: Object.fromEntries(names.map((phase) => [phase, medianOf(own, (one) => one.phases[phase])])) as Record<keyof Phases, number>,
    speedUp: medianOf(turns, (turn) => turn[0]!.phases.total / turn[i]!.phases.total),
    samples: medianOf(own, ({ samples }) => samples),
    ...(alone && {
      alone: {
        overhead: medianOf(own, (one) => one.alone!.overhead),
        quarter: { tokens: alone.quarter.tokens, compute: medianOf(own, (one) => one.alone!.quarter.compute) },
      },
    }),
  };
}

function rowText({ backend, task, workers, phases, speedUp, alone }: StepRow): string {
  const { total, ...parts } = phases;
  const shares = Object.entries(parts).map(([phase, ms]) => `${phase} ${milliseconds(ms)}`);
  const ratio = alone ? `an exchange costs ${(100 * alone.overhead).toFixed(1)} %` : `${times(speedUp)} as fast as one`;
  return `${backend}, ${task}, ${workers} workers: ${milliseconds(total)} ms (${shares.join(', ')}); ${ratio}`;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '4' }, help: { type: 'boolean', default: false } } });
  if (values.help) {
    console.log(HELP);
    return;
  }
  const rounds = toCount('--rounds', values.rounds);
  const launcher = openLauncher();
  const results: ScaleResults = {
    environment: environment({}),
    mpi: await launcher.version(),
    rounds,
    exchange: await exchangeRows(launcher),
    engines: await engineRows(launcher),
    steps: await stepRows(launcher, rounds),
  };
  console.log(machine(results.environment));
  writeFileSync(fileURLToPath(new URL('../results/scale.json', import.meta.url)), `${JSON.stringify(results, undefined, 2)}\n`);
  console.log('Written to bench/results/scale.json');
  await import('../pages/write.js');
}

await runCommand(main);
