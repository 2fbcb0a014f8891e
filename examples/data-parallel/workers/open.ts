import { alone } from './alone.js';
import { mpi } from './mpi.js';
import type { Workers } from './workers.js';

/** The workers that this process was started with: by `mpirun`, or alone. */
export function openWorkers(env: NodeJS.ProcessEnv = process.env): Workers {
  // A process of mpirun that believed to be alone would train by itself, and nobody would notice.
  const isOfMpi = ['PMI_RANK', 'PMIX_RANK', 'OMPI_COMM_WORLD_RANK'].some((name) => env[name] !== undefined);
  return isOfMpi ? mpi(env.LIBMPI ?? 'libmpi_abi.so') : alone;
}
