import { findMpi, type Mpi } from '../../examples/data-parallel/setup.js';
import { UsageError } from '../../examples/shared/usageError.js';

/** The MPI for the tests, which is installed if pip is there, or the reason why there is none. */
export function installedMpi(): Mpi | { readonly skipped: string } {
  try {
    return findMpi();
  } catch (error) {
    if (error instanceof UsageError) return { skipped: error.message };
    throw error;
  }
}
