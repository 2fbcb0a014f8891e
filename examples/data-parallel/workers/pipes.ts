import { readSync, writeSync } from 'node:fs';
import { UsageError } from '../../shared/usageError.js';
import type { Workers } from './workers.js';

const [SUM_FLOAT32, SUM_FLOAT64, MAX_FLOAT64, GATHER, CLOSE] = [0, 1, 2, 3, 4];

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
 * @param descriptors - File descriptors of the pipes, as "read,write".
 */
export function pipes(descriptors: string): Workers {
  const [input, output] = descriptors.split(',').map(Number);
  const lost = (reason: string): UsageError => new UsageError(`the bridge, which connects this worker to the others, ${reason}`);

  /** Reads or writes all of the bytes, of which a pipe takes a part at a time. */
  const transfer = (bytes: Uint8Array, part: (rest: Uint8Array) => number): void => {
    for (let done = 0; done < bytes.length;) {
      try {
        const count = part(bytes.subarray(done, done + 2 ** 30)); // the system limits one call to less than 2 GiB
        if (count === 0) throw lost('has ended');
        done += count;
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        if (code === 'EPIPE') throw lost('has ended');
        if (code === 'EAGAIN') pause(1);
        else throw code === undefined ? error : lost(`cannot be reached: ${message}`);
      }
    }
  };
  const write = (bytes: Uint8Array): void => transfer(bytes, (rest) => writeSync(output!, rest));
  const read = (bytes: Uint8Array): Uint8Array => {
    transfer(bytes, (rest) => readSync(input!, rest));
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
    sum: (values) => reduce(values instanceof Float32Array ? SUM_FLOAT32! : SUM_FLOAT64!, values),
    max: (values) => reduce(MAX_FLOAT64!, values),
    gather(bytes) {
      ask(GATHER!, bytes);
      return Promise.resolve(Array.from({ length: size }, () => read(new Uint8Array(lengthOfAnswer()))));
    },
    close() {
      ask(CLOSE!, new Uint8Array());
      lengthOfAnswer();
      return Promise.resolve();
    },
    abort: () => process.exit(1),
  };
}

/** Waits: descriptors that do not block say that nothing is there yet. */
const pause = (milliseconds: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds); // eslint-disable-line no-void
