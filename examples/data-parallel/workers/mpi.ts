import { basename } from 'node:path';
import koffi, { type LibraryHandle } from 'koffi';
import { UsageError } from '../../shared/usageError.js';
import type { Workers } from './workers.js';

type Call = (...args: unknown[]) => void;

/** The standard binary interface of MPI 5.0, whose libraries are called `libmpi_abi`; MPICH has one from 4.3 on. */
const STANDARD = { inPlace: 1, world: 0x101, sum: 0x21, max: 0x23, float: 0x210, double: 0x214, byte: 0x247 };
/** The binary interface of `libmpi.so.12`, which MPICH, Intel MPI and MVAPICH share. */
const MPICH = {
  inPlace: -1,
  world: 0x44000000,
  sum: 0x58000003,
  max: 0x58000001,
  float: 0x4c00040a,
  double: 0x4c00080b,
  byte: 0x4c00010d,
};

/**
 * The workers that `mpirun` has started, through an MPI library: one with the standard binary interface, MPICH or Open MPI.
 *
 * @param path - The shared library, of the MPI to which `mpirun` belongs.
 * @param started - The number of workers that `mpirun` has started, if it tells.
 */
export function mpi(path: string, started?: number): Workers {
  const library = load(path);
  const { inPlace, world, sum, max, ...types } = constantsOf(library, path);

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
  // The library of another MPI does not find the other workers, and would let each train by itself.
  if (started !== undefined && started !== size)
    throw new UsageError(
      `the MPI library "${path}" finds ${size} of the ${started} workers that mpirun has started: it belongs to another MPI`,
    );

  const reduce = (values: Float32Array | Float64Array, op: unknown): Promise<void> => {
    allreduce(inPlace, values, values.length, values instanceof Float32Array ? types.float : types.double, op, world);
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
      const total = starts[size - 1]! + lengths[size - 1]!;
      if (total >= 2 ** 31) throw new RangeError(`gather: ${total} bytes of all workers, expected less than 2 GiB, the limit of MPI`);
      const all = new Uint8Array(total);
      allgatherv(bytes, bytes.length, types.byte, all, Int32Array.from(lengths), Int32Array.from(starts), types.byte, world);
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

/** The constants of an MPI library: numbers, or in Open MPI the addresses of its objects. */
function constantsOf(library: LibraryHandle, path: string): Readonly<Record<keyof typeof STANDARD, unknown>> {
  if (basename(path).startsWith('libmpi_abi')) return STANDARD;
  const address = (name: string): unknown => library.symbol(`ompi_mpi_${name}`);
  try {
    address('comm_world');
  } catch {
    return MPICH;
  }
  return {
    inPlace: 1,
    world: address('comm_world'),
    sum: address('op_sum'),
    max: address('op_max'),
    float: address('float'),
    double: address('double'),
    byte: address('byte'),
  };
}

/** Loads the library. Global, because the plugins of Open MPI look for its symbols; lazy, because not every symbol is there. */
function load(path: string): LibraryHandle {
  try {
    const library = koffi.load(path, { global: true, lazy: true });
    library.symbol('MPI_Init');
    return library;
  } catch (error) {
    throw new UsageError(
      `the MPI library "${path}" cannot be loaded (${(error as Error).message}): ` +
        '"pip install mpich" installs one; set LIBMPI to its lib/libmpi_abi.so.1, and start with its bin/mpirun',
    );
  }
}
