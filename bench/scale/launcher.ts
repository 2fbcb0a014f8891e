import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { installedMpi } from '../../test/support/installedMpi.js';
import { loopback } from '../../test/support/loopback.js';
import { UsageError } from '../options.js';

/** What starts workers on this machine. */
export interface Launcher {
  /** Runs the worker script in a number of processes, one without MPI, and returns the JSON that worker 0 prints. */
  start<Answer>(count: number, job: object, env?: Readonly<Record<string, string>>): Promise<Answer>;
  /** The name and version of the MPI. */
  version(): Promise<string>;
}

const SCRIPT = fileURLToPath(new URL('worker.ts', import.meta.url));

/** Finds the MPI, or installs it. */
export function openLauncher(): Launcher {
  const [inLoopback, mpi] = [loopback(), installedMpi()];
  if ('skipped' in inLoopback) throw new UsageError(inLoopback.skipped);
  if ('skipped' in mpi) throw new UsageError(mpi.skipped);
  const ofOneThread = { LIBMPI: mpi.library, TF_NUM_INTRAOP_THREADS: '1', TF_NUM_INTEROP_THREADS: '1' };
  return {
    async start<Answer>(count: number, job: object, env = {}) {
      const node = [process.execPath, '--import', 'tsx', '--expose-gc', SCRIPT, JSON.stringify(job)];
      const command = count === 1 ? node : [...inLoopback.prefix, mpi.mpirun, '-n', `${count}`, ...node];
      return JSON.parse(await outputOf(command, { ...ofOneThread, ...env })) as Answer;
    },
    async version() {
      const lines = (await outputOf([mpi.mpirun, '--version'], ofOneThread)).split('\n');
      const version = lines.map((line) => /^\s*Version:\s*(.*)/.exec(line)?.[1]).find((one) => one !== undefined);
      return version === undefined ? lines[0]! : `MPICH ${version}`;
    },
  };
}

function outputOf([command, ...args]: readonly string[], env: Readonly<Record<string, string>>): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command!, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [output, complaints] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(output.trim());
      else reject(new Error(`${command!} ended with code ${code ?? 'unknown'}: ${(complaints + output).trim()}`));
    });
  });
}
