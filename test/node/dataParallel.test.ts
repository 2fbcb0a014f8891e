import { spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OBJECTIVES } from '../../examples/data-parallel/objectives.js';
import { parseOptions } from '../../examples/data-parallel/options.js';
import { forgetReference } from '../../examples/data-parallel/reference.js';
import { run } from '../../examples/data-parallel/run.js';
import { findMpi } from '../../examples/data-parallel/setup.js';
import type { Workers } from '../../examples/data-parallel/workers/workers.js';
import { hasTfjsNode } from '../../tools/tfjs-node.js';
import { parts } from '../support/checkpoints.js';
import { installedMpi } from '../support/installedMpi.js';
import { loopback } from '../support/loopback.js';
import { processes } from '../support/processes.js';
import { ROOT } from '../support/runExample.js';

const inLoopback = loopback();
const found = 'skipped' in inLoopback ? inLoopback : installedMpi();
const skipped = 'skipped' in found ? found.skipped : undefined;
const mpi = 'skipped' in found ? undefined : found;
if (skipped !== undefined) console.log(`Skipped: data parallel over MPI: ${skipped}`);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'prefloss-data-parallel-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const at = (...names: string[]) => join(folder, ...names);

const EXAMPLE = 'examples/data-parallel/main.ts';
const LOSSES = 'test/support/dataParallelLosses.ts';

interface Ended {
  readonly status: number | null;
  readonly output: string;
}

/** Runs a command in a network namespace with loopback alone. A job that hangs is ended after some minutes. */
function start(command: readonly string[], env: Readonly<Record<string, string>> = { LIBMPI: mpi!.library }): Promise<Ended> {
  const [file, ...args] = 'prefix' in inLoopback ? [...inLoopback.prefix, ...command] : command;
  const job = spawn(file!, args, { cwd: ROOT, env: { ...process.env, ...env }, timeout: 580_000 });
  let output = '';
  for (const stream of [job.stdout, job.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve, reject) => {
    job.on('error', reject);
    job.on('close', (status) => {
      resolve({ status, output });
    });
  });
}

const node = (script: string, args: readonly string[]) => [process.execPath, '--import', 'tsx', script, ...args];

/** Runs a script on some workers, with one list of arguments for all or one for each. */
function onWorkers(size: number, script: string, ...args: readonly (readonly string[])[]): Promise<Ended> {
  if (args.length === 1) return start([mpi!.mpirun, '-n', `${size}`, ...node(script, args[0]!)]);
  return start([mpi!.mpirun, ...args.flatMap((own, i) => [...(i > 0 ? [':'] : []), '-n', '1', ...node(script, own)])]);
}

/** Short runs. */
const SHORT = ['--sft-steps', '2', '--steps', '3'];

async function succeeds(job: Promise<Ended>): Promise<void> {
  const { status, output } = await job;
  expect(status, output).toBe(0);
}

/** Asserts that a job ends with an error, and prints its message once. */
async function failsWith(message: string | RegExp, job: Promise<Ended>): Promise<void> {
  const { status, output } = await job;
  expect(status, output).not.toBe(0);
  expect(status, 'ended by the test, after minutes').not.toBe(null);
  const all = typeof message === 'string' ? output.split(message).length - 1 : output.match(new RegExp(message, 'g'))?.length;
  expect(all, output).toBe(1);
}

/** The weights of a checkpoint, one after the other. */
function weightsOf(path: string): Float32Array {
  const { header, data } = parts(readFileSync(path));
  const ends = Object.entries(header).flatMap(([name, { data_offsets: offsets }]) =>
    name.startsWith('policy.') ? [(offsets as [number, number])[1]] : [],
  );
  return new Float32Array(Uint8Array.from(data.subarray(0, Math.max(...ends))).buffer);
}

const metricsOf = (path: string) =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);

/** Asserts that two runs have the same weights and metrics, within 1e-6; metrics above 1, such as log-probs, relative to their size. */
function expectAlike(actual: string, expected: string): void {
  const weights = [actual, expected].map((path) => weightsOf(join(path, 'checkpoint.safetensors')));
  expect(weights[0]).toHaveLength(weights[1]!.length);
  const apart = weights[0]!.reduce((worst, weight, i) => Math.max(worst, Math.abs(weight - weights[1]![i]!)), 0);
  expect(apart, 'weights').toBeLessThan(1e-6);
  const [lines, others] = [actual, expected].map((path) => metricsOf(join(path, 'metrics.jsonl')));
  expect(lines).toHaveLength(others!.length);
  for (const [i, line] of lines!.entries()) {
    const other = others![i]!;
    expect(Object.keys(line)).toEqual(Object.keys(other));
    for (const [name, value] of Object.entries(line)) {
      // Before the first update, policy and reference are the same model: the margins are rounding noise, and their signs chance.
      if (name === 'rewards/accuracies' && line.step === 0) continue;
      const wanted = other[name]!;
      if (typeof value !== 'number' || typeof wanted !== 'number') expect(value, name).toBe(wanted);
      else expect(Math.abs(value - wanted) / Math.max(1, Math.abs(wanted)), `${name} after ${String(line.step)}`).toBeLessThan(1e-6);
    }
  }
}

describe.skipIf(skipped !== undefined)('examples/data-parallel over MPI', { timeout: 600_000 }, () => {
  describe('trains as one process does', () => {
    const args = ['--sft-steps', '20', '--steps', '20'];
    beforeAll(async () => succeeds(start(node(LOSSES, [at('1'), ...args]))), 600_000);

    it.each([2, 3])('on %i workers with wasm, with every loss', async (size) => {
      await succeeds(onWorkers(size, LOSSES, [at(`${size}`), ...args]));
      for (const loss of Object.keys(OBJECTIVES)) expectAlike(at(`${size}`, loss), at('1', loss));
    });

    // On the model and the log-probs of a run on wasm, because the cpu backend takes minutes for them.
    it.each(['cpu', ...(hasTfjsNode() ? ['tfjs-node'] : [])])('on %s', async (backend) => {
      const options = ['--sft-steps', '20', '--batch-size', '4'];
      if (!existsSync(at('tuned'))) await succeeds(start(node(EXAMPLE, [...options, '--steps', '1', '--out', at('tuned')])));
      const [one, two] = [at(backend, '1'), at(backend, '2')].map((out) => {
        mkdirSync(out, { recursive: true });
        for (const name of ['sft.safetensors', 'reference.jsonl']) cpSync(at('tuned', name), join(out, name));
        return [...options, '--backend', backend, '--steps', '20', '--resume', '--out', out];
      });
      await succeeds(start(node(EXAMPLE, one!)));
      await succeeds(onWorkers(2, EXAMPLE, two!));
      expectAlike(at(backend, '2'), at(backend, '1'));
    });

    it('if the last batch has fewer rows than there are workers', async () => {
      // The 44 pairs of hh-rlhf are two batches, the second of one row.
      const options = ['--data', 'hh-rlhf', '--batch-size', '43', '--loss', 'aot', '--sft-steps', '0', '--steps', '2'];
      await succeeds(start(node(EXAMPLE, [...options, '--out', at('last', '1')])));
      await succeeds(onWorkers(2, EXAMPLE, [...options, '--out', at('last', '2')]));
      expectAlike(at('last', '2'), at('last', '1'));
    });
  });

  it('ends when a worker is killed, and goes on from its checkpoint to the same weights', async () => {
    const options = (out: string) => ['--sft-steps', '2', '--steps', '30', '--out', at(out)];
    await succeeds(onWorkers(2, EXAMPLE, options('whole')));
    const job = onWorkers(2, EXAMPLE, options('killed'));
    while (!existsSync(at('killed', 'checkpoint.safetensors'))) await sleep(50);
    const moment = 2000 * Math.random();
    await sleep(moment);
    const workers = workersOf(at('killed'));
    const isRunning = workers.length > 0;
    if (isRunning) process.kill(workers[Math.floor(workers.length * Math.random())]!, 'SIGKILL');
    const { status, output } = await job;
    if (isRunning) expect(status, `killed after ${moment} ms\n${output}`).not.toBe(0);
    await expectNoWorkers(at('killed'));
    await succeeds(onWorkers(2, EXAMPLE, [...options('killed'), '--resume']));
    for (const name of ['checkpoint.safetensors', 'metrics.jsonl'])
      expect(readFileSync(at('killed', name)).equals(readFileSync(at('whole', name))), name).toBe(true);
  });

  describe('ends on all workers with one message', () => {
    it('if the loss is not finite on one of them', async () => {
      // A batch of one row is of worker 0.
      const args = ['--sft-steps', '0', '--steps', '3', '--batch-size', '1', '--lr', '1e38', '--data', 'hh-rlhf', '--out', at('nan')];
      await failsWith(
        /after \d updates, worker 0: its part of the loss is (NaN|-?Infinity): try a smaller learning rate/,
        onWorkers(2, EXAMPLE, args),
      );
    });

    it.each([
      ['seed', ['--seed', '1'], 'worker 1 differs from worker 0: seed is 1, expected 0; pairs is '],
      ['data', ['--data', 'hh-rlhf'], 'worker 1 differs from worker 0: data is hh-rlhf, expected ordering; pairs is '],
      ['batch size', ['--batch-size', '8'], 'worker 1 differs from worker 0: batchSize is 8, expected not given'],
      ['option that is wrong', ['--steps', 'x'], 'worker 1: --steps is "x", expected an integer of at least 1'],
      ['folder that cannot be written to', ['--out', join(ROOT, 'package.json', 'x')], 'worker 1: --out is '],
    ])('if one has another %s', async (_, other, message) => {
      const args = [...SHORT, '--out', at('differs')];
      await failsWith(message, onWorkers(2, EXAMPLE, args, [...args, ...other]));
    });

    it.each(['examples/train-tiny-gpt/model.ts', 'src/losses/dpo.ts'])('if one has another %s', async (changed) => {
      const copy = at('copy', basename(changed));
      mkdirSync(copy, { recursive: true });
      for (const name of ['src', 'examples/shared', 'examples/train-tiny-gpt', 'examples/data', 'package.json', 'tsconfig.json'])
        cpSync(join(ROOT, name), join(copy, name), { recursive: true });
      const isSource = (path: string) => !/\.venv|data-parallel\/out/.test(path);
      cpSync(join(ROOT, 'examples/data-parallel'), join(copy, 'examples/data-parallel'), { recursive: true, filter: isSource });
      symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
      const path = join(copy, changed);
      writeFileSync(path, `${readFileSync(path, 'utf8')}\n// another version\n`);
      const command = node(EXAMPLE, [...SHORT, '--out', at('differs')]);
      const job = start([mpi!.mpirun, '-n', '1', ...command, ':', '-n', '1', '-wdir', copy, ...command]);
      await failsWith('worker 1 differs from worker 0: code is ', job);
    });

    it('if there are more or fewer of them than the command says', async () => {
      await failsWith('--workers is 3, but 2 were started', onWorkers(2, EXAMPLE, ['--workers', '3', '--out', at('differs')]));
    });

    it('if a resumed run has other options', async () => {
      const args = [...SHORT, '--out', at('resumed')];
      await succeeds(onWorkers(2, EXAMPLE, args));
      await failsWith(
        'the options are {"data":"ordering","seed":0,"batchSize":8,"sftSteps":2}, expected {"data":"ordering","seed":0,"batchSize":32,"sftSteps":2} as in ',
        onWorkers(2, EXAMPLE, [...args, '--resume', '--batch-size', '8']),
      );
      await failsWith(
        '--steps is 2, but the checkpoint already has 3 updates',
        onWorkers(2, EXAMPLE, [...args, '--resume', '--steps', '2']),
      );
    });

    it('if worker 0 cannot write', async () => {
      mkdirSync(at('full', 'checkpoint.safetensors'), { recursive: true });
      await failsWith(/worker 0: Error: EISDIR/, onWorkers(2, EXAMPLE, [...SHORT, '--out', at('full')]));
    });
  });

  it('starts with one command, and ends with the launcher', async () => {
    const launch = (...args: string[]) => node('examples/data-parallel/launch.ts', [...args, '--out', at('launched')]);
    const { status, output } = await start(launch('--workers', '2', '--loss', 'kto', ...SHORT), {});
    expect(status, output).toBe(0);
    expect(output).toContain('2 x wasm; 1110 training pairs');
    await failsWith('--loss is "dop", expected one of dpo, kto', start(launch('--loss', 'dop'), {}));

    rmSync(at('launched'), { recursive: true });
    const job = start(launch('--steps', '10000'), {});
    while (!existsSync(at('launched'))) await sleep(50);
    const [launcher] = processesOf(at('launched'), 'launch.ts');
    process.kill(launcher!);
    expect((await job).status).not.toBe(0);
    await expectNoWorkers(at('launched'));
  });

  it('says that the MPI library is missing, on every worker', async () => {
    const { status, output } = await start([mpi!.mpirun, '-n', '2', ...node(EXAMPLE, [])], { LIBMPI: '/missing/libmpi.so' });
    expect(status).not.toBe(0);
    expect(output).toContain('the MPI library "/missing/libmpi.so" cannot be loaded ');
  });
});

describe('examples/data-parallel without MPI', () => {
  it('needs a training pair for each worker', async () => {
    // Workers that all say the same.
    const same = Promise.resolve();
    const workers: Workers = {
      rank: 0,
      size: 1111,
      sum: () => same,
      max: () => same,
      gather: (bytes) => Promise.resolve(new Array<Uint8Array>(1111).fill(bytes)),
      close: () => same,
      abort: () => process.exit(1),
    };
    const options = parseOptions(['--out', at('many')])!;
    await expect(run(workers, options)).rejects.toThrow('1111 workers, expected at most 1110, one for each training pair');
  });

  it('forgets the log-probs of earlier runs, which had any number of workers', () => {
    const names = ['reference.jsonl', 'reference-0-of-1.jsonl', 'reference-1-of-12.jsonl', 'metrics.jsonl'];
    mkdirSync(at('earlier'));
    for (const name of names) writeFileSync(at('earlier', name), '');
    forgetReference(at('earlier'));
    expect(readdirSync(at('earlier'))).toEqual(['metrics.jsonl']);
  });

  it('says which MPI is missing', () => {
    expect(() => findMpi({ LIBMPI: 'libmpi.so', PATH: '/missing' })).toThrow('LIBMPI is "libmpi.so", but its mpirun is not on the PATH');
  });
});

/** The processes of Node.js that run a script with this folder among its arguments. */
const processesOf = (out: string, script: string): number[] =>
  processes(
    ({ pid, args }) =>
      args.includes(out) && args.some((arg) => arg.endsWith(`/${script}`)) && readlinkSync(`/proc/${pid}/exe`) === process.execPath,
  ).map(({ pid }) => pid);

const workersOf = (out: string) => processesOf(out, 'main.ts');

/** Waits until no worker that writes to the folder is running. */
async function expectNoWorkers(out: string): Promise<void> {
  for (let i = 0; i < 100 && workersOf(out).length > 0; i++) await sleep(100);
  expect(workersOf(out)).toEqual([]);
}
