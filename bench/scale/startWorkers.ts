import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { findMpi } from '../../examples/data-parallel/setup.js';

const SCRIPT = fileURLToPath(new URL('worker.ts', import.meta.url));
const MPI = findMpi();

// Launchers of MPI listen on every interface, so they run where there is no other than loopback.
const ALONE = ['unshare', ...(process.getuid?.() === 0 ? ['-n'] : ['-rn']), 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'];

/** Runs the worker script in a number of processes, one without MPI, and returns the JSON that worker 0 prints. */
export async function startWorkers<Answer>(count: number, job: object, env: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const node = [process.execPath, '--import', 'tsx', '--expose-gc', SCRIPT, JSON.stringify(job)];
  return JSON.parse(await outputOf(count === 1 ? node : [...ALONE, MPI.mpirun, '-n', `${count}`, ...node], env)) as Answer;
}

/** The name and version of the MPI. */
export async function versionOfMpi(): Promise<string> {
  const lines = (await outputOf([MPI.mpirun, '--version'], {})).split('\n');
  const version = lines.map((line) => /^\s*Version:\s*(.*)/.exec(line)?.[1]).find((one) => one !== undefined);
  return version === undefined ? lines[0]! : `MPICH ${version}`;
}

function outputOf([command, ...args]: readonly string[], env: Readonly<Record<string, string>>): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command!, args, {
      env: { ...process.env, LIBMPI: MPI.library, TF_NUM_INTRAOP_THREADS: '1', TF_NUM_INTEROP_THREADS: '1', ...env },
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
