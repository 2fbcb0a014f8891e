import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UsageError } from '../shared/usageError.js';

/** An MPI on this machine. */
export interface Mpi {
  /** The command that starts the workers. */
  readonly mpirun: string;
  /** The shared library that they load. */
  readonly library: string;
}

const VENV = fileURLToPath(new URL('.venv', import.meta.url));
const MPICH = 'mpich==5.0.2';

/** The MPI of the environment, `LIBMPI` with the `mpirun` on the PATH, or else MPICH in `.venv`, which is made if it is missing. */
export function findMpi(env: NodeJS.ProcessEnv = process.env): Mpi {
  if (env.LIBMPI !== undefined) return ofEnvironment(env.LIBMPI, env.PATH ?? '');
  if (!existsSync(inVenv.mpirun)) install();
  return inVenv;
}

function ofEnvironment(library: string, path: string): Mpi {
  const mpirun = path
    .split(delimiter)
    .map((folder) => join(folder, 'mpirun'))
    .find(existsSync);
  if (mpirun === undefined) throw new UsageError(`LIBMPI is "${library}", but its mpirun is not on the PATH`);
  return { mpirun, library };
}

const inVenv: Mpi = {
  mpirun: join(VENV, 'bin/mpirun'),
  library: join(VENV, process.platform === 'darwin' ? 'lib/libmpi_abi.1.dylib' : 'lib/libmpi_abi.so.1'),
};

function install(): void {
  if (process.platform === 'win32') throw new UsageError('this example needs Linux or macOS, where PyPI has MPICH');
  console.error(`installing ${MPICH} in ${VENV}`);
  try {
    execFileSync('python3', ['-m', 'venv', '--clear', VENV], { stdio: 'pipe', encoding: 'utf8' });
    const options = ['--quiet', '--disable-pip-version-check', '--only-binary', ':all:', '--retries', '1', '--timeout', '30'];
    execFileSync(join(VENV, 'bin/python'), ['-m', 'pip', 'install', ...options, MPICH], { stdio: 'pipe', encoding: 'utf8' });
  } catch (error) {
    const {
      code,
      stderr = '',
      stdout = '',
      message,
    } = error as NodeJS.ErrnoException & { readonly stderr?: string; readonly stdout?: string };
    const reason = code === 'ENOENT' ? 'python3 is not installed' : (stderr.trim() || stdout.trim() || message).split('\n').at(-1)!;
    throw new UsageError(
      `MPICH cannot be installed: ${reason}. Without a network, install an MPI, put its mpirun on the PATH, and set LIBMPI to its libmpi_abi.so.1 or, of Open MPI, libmpi.so`,
    );
  }
}
