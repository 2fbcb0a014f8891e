import koffi from 'koffi';
import { UsageError } from '../../shared/usageError.js';
import type { Workers } from './workers.js';

type Call = (...args: unknown[]) => void;
type Values = Float32Array | Float64Array | Uint8Array;

/**
 * The workers that `mpirun` has started, through a library with the standard binary interface of MPI 5.0 (MPICH from 4.3 on), or Open MPI.
 *
 * @param path - The shared library, of the MPI to which `mpirun` belongs.
 */
export function mpi(path: string): Workers {
  const library = load(path);
  const isStandard = path.includes('abi');
  // Handles are numbers in the standard, and addresses of objects of the library in Open MPI.
  const handle = (standard: number, name: string): unknown => (isStandard ? standard : library.symbol(`ompi_mpi_${name}`));
  const world = handle(0x101, 'comm_world');
  const [sum, max] = [handle(0x21, 'op_sum'), handle(0x23, 'op_max')];
  const types = { Float32Array: handle(0x210, 'float'), Float64Array: handle(0x214, 'double'), Uint8Array: handle(0x247, 'byte') };
  const typeOf = (values: Values): unknown => types[values.constructor.name as keyof typeof types];
  const IN_PLACE = 1;

  const bind = (declaration: string): Call => {
    const f = library.func(declaration);
    return (...args) => {
      const code = f(...args) as number;
      if (code !== 0) throw new Error(`${declaration}: MPI error ${code}`);
    };
  };
  const initialize = bind('int MPI_Init(void *argc, void *argv)');
  const finalize = bind('int MPI_Finalize()');
  const abort = bind('int MPI_Abort(void *comm, int code)');
  const commRank = bind('int MPI_Comm_rank(void *comm, _Out_ int *rank)');
  const commSize = bind('int MPI_Comm_size(void *comm, _Out_ int *size)');
  const allreduce = bind('int MPI_Allreduce(void *from, void *to, int count, void *type, void *op, void *comm)');
  const allgatherv = bind(
    'int MPI_Allgatherv(void *from, int count, void *type, void *to, int *counts, int *starts, void *toType, void *comm)',
  );
  const numberOf = (f: Call): number => {
    const result = [0];
    f(world, result);
    return result[0]!;
  };

  initialize(null, null);
  const [rank, size] = [numberOf(commRank), numberOf(commSize)];
  const reduce = (values: Float32Array | Float64Array, op: unknown): Promise<void> => {
    allreduce(IN_PLACE, values, values.length, typeOf(values), op, world);
    return Promise.resolve();
  };
  return {
    rank,
    size,
    sum: (values) => reduce(values, sum),
    max: (values) => reduce(values, max),
    async gather(bytes) {
      const lengths = Float64Array.from({ length: size }, (_, worker) => (worker === rank ? bytes.length : 0));
      await reduce(lengths, sum);
      const starts = lengths.map((_, worker) => lengths.subarray(0, worker).reduce((a, b) => a + b, 0));
      const all = new Uint8Array(starts[size - 1]! + lengths[size - 1]!);
      allgatherv(bytes, bytes.length, types.Uint8Array, all, Int32Array.from(lengths), Int32Array.from(starts), types.Uint8Array, world);
      return Array.from(lengths, (length, worker) => all.subarray(starts[worker], starts[worker]! + length));
    },
    close() {
      finalize();
      return Promise.resolve();
    },
    abort() {
      abort(world, 1);
      process.exit(1); // not reached
    },
  };
}

function load(path: string): ReturnType<typeof koffi.load> {
  try {
    // Global, because the plugins of Open MPI look for its symbols; lazy, because not every library has all that it refers to.
    return koffi.load(path, { global: true, lazy: true });
  } catch (error) {
    throw new UsageError(`the MPI library "${path}" cannot be loaded: ${(error as Error).message}`);
  }
}
