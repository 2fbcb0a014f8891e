import { availableParallelism } from 'node:os';
import { UsageError } from '../../shared/usageError.js';
import { alone } from './alone.js';
import { mpi } from './mpi.js';
import { pipes } from './pipes.js';
import type { Workers } from './workers.js';

/** The workers that this process was started with: by a bridge, by `mpirun`, or alone. If they cannot be reached, says why and exits. */
export function openWorkers(env: NodeJS.ProcessEnv = process.env): Workers {
  try {
    return workersOf(env);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    process.exit(1);
  }
}

// A worker that believed to be alone would train by itself, and nobody would notice.
function workersOf(env: NodeJS.ProcessEnv): Workers {
  const has = (name: string): boolean => env[name] !== undefined;
  if (has('DATA_PARALLEL_PIPES')) return pipes(env.DATA_PARALLEL_PIPES!);
  if (has('TORCHELASTIC_RUN_ID'))
    throw new UsageError('torchrun starts a worker through its bridge: torchrun ... examples/data-parallel/bridges/torchrun.py node ...');
  if (!['PMI_RANK', 'PMIX_RANK', 'OMPI_COMM_WORLD_RANK'].some(has)) return alone;
  const size = env.PMI_SIZE ?? env.OMPI_COMM_WORLD_SIZE;
  // MPICH's own shared memory spins: with more workers than cores, all on this machine, 1.6 MB take 1.6 s, through UCX 9 ms.
  if (env.MPI_LOCALNRANKS === size && Number(size) > availableParallelism()) process.env.MPIR_CVAR_NOLOCAL ??= '1';
  const library = has('OMPI_COMM_WORLD_RANK') ? 'libmpi.so.40' : 'libmpi_abi.so.1';
  return mpi(env.LIBMPI ?? library, size === undefined ? undefined : Number(size));
}
