import { readSync, writeSync } from 'node:fs';
import { UsageError } from '../../shared/usageError.js';
import type { Workers } from './workers.js';

const OPERATIONS = { sumFloat32: 0, sumFloat64: 1, maxFloat64: 2, gather: 3, close: 4 };

/**
 * The workers behind a bridge: the process that started this one, which exchanges data with the other workers through an engine of its own
 * (`../bridges` has one for torchrun and one for Ray). The two talk over two pipes, so that standard output remains free for messages:
 *
 *     bridge, once   rank, number of workers              two u32
 *     worker         operation, length in bytes, data     u8, u64, bytes
 *     bridge         length in bytes, data                u64, bytes
 *
 * and so on by turns. All numbers are little-endian. The operations, each answered when all workers have asked for it:
 *
 *     0  sum of float32     the sum, as long as the data
 *     1  sum of float64     the sum, as long as the data
 *     2  maximum, float64   the maximum, as long as the data
 *     3  gather             the data of every worker: one answer each, by rank, so lengths may differ and be 0
 *     4  close, no data     no data; the worker then ends
 *
 * A worker that ends without `close` has failed: its bridge ends the job with an error on all workers. A bridge that ends closes the pipes,
 * which ends its worker at the next exchange.
 *
 * @param descriptors - File descriptors of the two pipes, as "read,write"; a bridge passes them in `DATA_PARALLEL_PIPES`.
 */
export function pipes(descriptors: string): Workers {
  const [input, output] = descriptors.split(',').map(Number) as [number, number];

  const write = (bytes: Uint8Array): void => {
    transfer(bytes, (rest) => writeSync(output, rest));
  };
  const read = (bytes: Uint8Array): Uint8Array => {
    transfer(bytes, (rest) => readSync(input, rest));
    return bytes;
  };
  const ask = (operation: number, data: Uint8Array): void => {
    const head = Buffer.alloc(9);
    head.writeUInt8(operation);
    head.writeBigUInt64LE(BigInt(data.length), 1);
    write(head);
    write(data);
  };
  const lengthOfAnswer = (): number => Number(Buffer.from(read(new Uint8Array(8))).readBigUInt64LE());
  const reduce = (operation: number, { buffer, byteOffset, byteLength }: Float32Array | Float64Array): Promise<void> => {
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    ask(operation, bytes);
    const length = lengthOfAnswer();
    if (length !== bytes.length) throw lost(`answered with ${length} bytes, expected ${bytes.length}`);
    read(bytes);
    return Promise.resolve();
  };

  const hello = Buffer.from(read(new Uint8Array(8)));
  const [rank, size] = [hello.readUInt32LE(0), hello.readUInt32LE(4)];
  return {
    rank,
    size,
    sum: (values) => reduce(values instanceof Float32Array ? OPERATIONS.sumFloat32 : OPERATIONS.sumFloat64, values),
    max: (values) => reduce(OPERATIONS.maxFloat64, values),
    gather(bytes) {
      ask(OPERATIONS.gather, bytes);
      return Promise.resolve(Array.from({ length: size }, () => read(new Uint8Array(lengthOfAnswer()))));
    },
    close() {
      ask(OPERATIONS.close, new Uint8Array());
      lengthOfAnswer();
      return Promise.resolve();
    },
    abort: () => process.exit(1),
  };
}

const lost = (how: string): UsageError => new UsageError(`the bridge, which connects this worker to the others, ${how}`);

/** Reads or writes all of the bytes; a call moves a part of them. */
function transfer(bytes: Uint8Array, move: (rest: Uint8Array) => number): void {
  for (let done = 0; done < bytes.length;) {
    const count = attempt(() => move(bytes.subarray(done, done + 2 ** 30))); // a system call moves less than 2 GiB
    if (count === 0) throw lost('has ended');
    if (count === undefined)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1); // a millisecond
    else done += count;
  }
}

/** The number of bytes moved, 0 at the end of the pipe; undefined if a pipe that does not block has nothing yet, or no room. */
function attempt(move: () => number): number | undefined {
  try {
    return move();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EAGAIN') return undefined;
    if (code === 'EPIPE') return 0;
    throw lost(`cannot be reached: ${message}`);
  }
}
