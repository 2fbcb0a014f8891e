import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Mpi } from '../../examples/data-parallel/setup.js';
import { openHosts, whyNoHosts, type Hosts } from '../support/hosts.js';
import { installedMpi } from '../support/installedMpi.js';
import { ROOT, runExample } from '../support/runExample.js';

const MAIN = join(ROOT, 'examples/data-parallel/main.ts');
const STEPS = 10; // of supervised fine-tuning, and as many on preferences

const noHosts = whyNoHosts();
const mpi = noHosts === undefined ? installedMpi() : { skipped: noHosts };
if ('skipped' in mpi) console.log(`Skipped: data parallel across hosts: ${mpi.skipped}.`);

describe.skipIf('skipped' in mpi)('data parallel across hosts', () => {
  let hosts: Hosts;
  let folder: string;
  let alone: Float32Array;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'prefloss-hosts-'));
    const out = join(folder, 'alone');
    const { status, stderr } = runExample('data-parallel/main.ts', argsOf(out, STEPS));
    expect(stderr).toBe('');
    expect(status).toBe(0);
    alone = checkpointOf(out);
  }, 180_000);
  afterEach(() => {
    hosts.close();
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  const argsOf = (out: string, steps: number): string[] => ['--sft-steps', String(STEPS), '--steps', String(steps), '--out', out];
  const checkpointOf = (out: string): Float32Array => numbersIn(join(out, 'checkpoint.safetensors'));

  /** Starts one worker on each of the hosts. */
  async function start(count: number, out: string, steps: number, env = {}) {
    const { mpirun, library } = mpi as Mpi;
    hosts = await openHosts(count);
    const args = ['-n', String(count), process.execPath, '--import', 'tsx', MAIN, ...argsOf(out, steps)];
    const job = hosts.mpirun(mpirun, args, { LIBMPI: library, ...env });
    let output = '';
    for (const stream of [job.stdout!, job.stderr!]) stream.on('data', (text: Buffer) => (output += text.toString()));
    const end = once(job, 'close').then(([code]) => code as number | null);
    const says = (text: string): Promise<void> =>
      new Promise((resolve, reject) => {
        job.stdout!.on('data', () => {
          if (output.includes(text)) resolve();
        });
        job.on('close', () => {
          reject(new Error(output));
        });
      });
    return { end, output: () => output, says };
  }

  /** A job of two hosts that has written a checkpoint, and goes on. */
  async function startLong(out: string, env = {}) {
    const job = await start(2, out, 100_000, env);
    await job.says('step   25');
    return job;
  }

  /** Waits until no process of the job is left on any host. */
  async function nothingLeft(): Promise<void> {
    while ([0, 1].some((host) => hosts.processes(host).length > 0)) await wait(50);
  }

  it.each([2, 3])('%i hosts train the weights of one process, and the gradients cross the network', async (count) => {
    const out = join(folder, String(count));
    const job = await start(count, out, STEPS);
    const code = await job.end;
    expect(job.output()).toContain('checkpoint.safetensors');
    expect(code).toBe(0);
    const weights = checkpointOf(out);
    expect(weights.length).toBe(alone.length);
    expect(weights.reduce((largest, value, i) => Math.max(largest, Math.abs(value - alone[i]!)), 0)).toBeLessThan(1e-6);
    // No algorithm sends less: each of the other workers' parts has to leave its host, and each sum has to reach it.
    const gradients = 2 * STEPS * numbersIn(join(out, 'sft.safetensors')).byteLength;
    const sent = hosts.sent();
    console.log(`${count} hosts sent ${sent.map((bytes) => (bytes / gradients).toFixed(2)).join(', ')} times the gradients`);
    expect(sent.reduce((a, b) => a + b)).toBeGreaterThan(2 * (count - 1) * gradients);
  });

  it('ends on all hosts when a worker is killed, and the checkpoint loads', async () => {
    const out = join(folder, 'killed');
    const job = await startLong(out);
    const worker = hosts.processes(1).find(({ args: [command] }) => command === process.execPath)!;
    process.kill(worker.pid, 'SIGKILL');
    expect(await job.end).not.toBe(0);
    await nothingLeft();
    expect(checkpointOf(out)).toHaveLength(alone.length);
  });

  it('ends on all hosts when one of them cannot be reached any more', async () => {
    const out = join(folder, 'cut');
    const job = await startLong(out, { DATA_PARALLEL_TIMEOUT: '10' });
    hosts.cut(1);
    expect(await job.end).not.toBe(0);
    expect(job.output()).toContain('worker 0: the other workers did not answer within 10 s');
    await nothingLeft();
    expect(checkpointOf(out)).toHaveLength(alone.length);
  });
});

it('refuses a timeout that is no number of seconds', () => {
  const { status, stderr } = runExample('data-parallel/main.ts', [], { DATA_PARALLEL_TIMEOUT: 'soon' });
  expect(stderr).toBe('DATA_PARALLEL_TIMEOUT must be a number of seconds > 0, got "soon"\n');
  expect(status).toBe(1);
});

/** The numbers of a file of safetensors, all tensors after each other. */
function numbersIn(path: string): Float32Array {
  const bytes = readFileSync(path);
  return new Float32Array(new Uint8Array(bytes.subarray(8 + Number(bytes.readBigUInt64LE()))).buffer);
}
