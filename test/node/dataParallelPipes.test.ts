import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { execute } from '../support/pythonWithSafetensors.js';
import { ROOT } from '../support/runExample.js';

const REPORT = ['--import', 'tsx', 'test/support/workersReport.ts'];
const BRIDGES = 'examples/data-parallel/bridges';
const [SUM_FLOAT32, SUM_FLOAT64, MAX_FLOAT64, GATHER, CLOSE] = [0, 1, 2, 3, 4];

/** What `workersReport.ts` prints as worker `rank` of `size`. */
const reportOf = (rank: number, size: number) => {
  const ranks = Array.from({ length: size }, (_, i) => i);
  const total = (size * (size + 1)) / 2;
  return {
    rank,
    size,
    float32: [total, total / 8, size - total],
    float64: [size * 2 ** 40 + (total - size) / 8, size * 1e-300],
    max: [size - 1, 0, 1e300],
    gathered: ranks.map((i) => Array.from({ length: 3 * i }, () => i)),
    empty: ranks.map(() => 0),
    isLargeRight: true,
    largeGathered: ranks.map((i) => (i === 0 ? 25e6 : 1)),
  };
};
const reportsOf = (size: number) => Array.from({ length: size }, (_, rank) => reportOf(rank, size));

describe('workers over pipes, to a bridge in Node.js', () => {
  it.each([2, 3])('exchange values: %i workers', async (size) => {
    const ended = await runWorkers(size);
    expect(ended.map(({ code, errors }) => [code, errors])).toEqual(ended.map(() => [0, '']));
    expect(ended.map(({ output }) => JSON.parse(output) as unknown)).toEqual(reportsOf(size));
  });

  it('a worker that fails ends the others', async () => {
    const [first, second] = await runWorkers(2, { args: ['abort'] });
    expect(second!.code).toBe(1);
    expect(second!.errors).toMatch(/^worker 1: Error: this worker fails\n/);
    expect(first).toEqual({ code: 1, output: '', errors: 'worker 0: the bridge, which connects this worker to the others, has ended\n' });
  });

  it.each([0, 1, 4])('workers end if the bridge ends after %i exchanges', async (exchanges) => {
    const ended = await runWorkers(2, { answer: (requests, i) => (i < exchanges ? answersTo(requests) : undefined) });
    const errors = (rank: number) => `worker ${rank}: the bridge, which connects this worker to the others, has ended\n`;
    expect(ended).toEqual([0, 1].map((rank) => ({ code: 1, output: '', errors: errors(rank) })));
  });

  it('refuses an answer of another length', async () => {
    const ended = await runWorkers(2, { answer: () => [[new Uint8Array(8)], [new Uint8Array(8)]] });
    expect(ended[0]!.errors).toBe('worker 0: the bridge, which connects this worker to the others, answered with 8 bytes, expected 12\n');
  });

  it('without the pipes, ends with a message', async () => {
    const { code, errors } = await ended(
      spawn(process.execPath, REPORT, { cwd: ROOT, env: { ...process.env, DATA_PARALLEL_PIPES: '98,99' } }),
    );
    expect(code).toBe(1);
    expect(errors).toMatch(/^the bridge, which connects this worker to the others, cannot be reached: EBADF.*\n$/);
  });
});

describe('bridges in Python', async () => {
  const python = await pythonInNamespace();
  if ('skipped' in python) console.log(`Skipped: the bridges for torchrun and Ray. ${python.skipped}`);
  const command = 'command' in python ? python.command : [];
  const starts = {
    torch: ['-m', 'torch.distributed.run', '--nproc-per-node', '2', `${BRIDGES}/torchrun.py`],
    ray: [`${BRIDGES}/ray_actors.py`, '--workers', '2'],
  };

  for (const [module, start] of Object.entries(starts)) {
    const reason = 'skipped' in python ? python.skipped : await missing(command, module);
    if (reason !== undefined && !('skipped' in python)) console.log(`Skipped: the bridge with ${module}. ${reason}`);
    const run = (...args: string[]) => {
      const [program, ...rest] = [...command, ...start, process.execPath, ...REPORT, ...args];
      return ended(spawn(program!, rest, { cwd: ROOT }));
    };

    it.skipIf(reason)(`${module}: two workers exchange values`, async () => {
      const { code, output } = await run();
      expect(code).toBe(0);
      const reports = Array.from(output.matchAll(/\{"rank".*\}/g), ([line]) => JSON.parse(line) as { readonly rank: number });
      expect(reports.sort((a, b) => a.rank - b.rank)).toEqual(reportsOf(2));
    });

    it.skipIf(reason).each(['abort', 'leave'])(`${module}: the job ends with its first worker (%s)`, async (end) => {
      const { code, output } = await run(end);
      expect(code).toBe(1);
      expect(output).not.toContain('"rank"');
    });
  }
});

interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Waits for the end of a process. */
async function ended(child: ChildProcess): Promise<Ended> {
  const [output, errors] = [textOf(child.stdout!), textOf(child.stderr!)];
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  return { code, output: await output, errors: await errors };
}

const textOf = async (stream: Readable): Promise<string> => Buffer.concat((await stream.toArray()) as Buffer[]).toString();

interface Request {
  readonly operation: number;
  readonly data: Buffer;
}
/** The parts of the answer to each worker; undefined ends the bridge. */
type Answer = (requests: readonly Request[], exchange: number) => readonly (readonly Uint8Array[])[] | undefined;

/** Starts workers and serves them until they or the bridge end. */
async function runWorkers(size: number, options: { readonly args?: readonly string[]; readonly answer?: Answer } = {}): Promise<Ended[]> {
  const { args = [], answer = answersTo } = options;
  const workers = Array.from({ length: size }, () => {
    const child = spawn(process.execPath, [...REPORT, ...args], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
      env: { ...process.env, DATA_PARALLEL_PIPES: '3,4' },
    });
    const answers = child.stdio[3] as Writable;
    answers.on('error', () => undefined); // of a worker that has ended
    return { answers, take: takerOf(child.stdio[4] as Readable), ended: ended(child) };
  });
  for (const [rank, { answers }] of workers.entries()) answers.write(Buffer.from(Uint32Array.of(rank, size).buffer));
  for (let exchange = 0; ; exchange++) {
    const requests = await Promise.all(workers.map(({ take }) => requestOf(take)));
    const given = requests.every((request) => request !== undefined) ? answer(requests, exchange) : undefined;
    if (!given) break;
    for (const [i, { answers }] of workers.entries()) {
      for (const part of given[i]!) {
        answers.write(lengthBytes(part.length));
        answers.write(part);
      }
    }
  }
  for (const { answers } of workers) answers.end();
  return Promise.all(workers.map((worker) => worker.ended));
}

const lengthBytes = (length: number): Uint8Array => new Uint8Array(BigUint64Array.of(BigInt(length)).buffer);

async function requestOf(take: Take): Promise<Request | undefined> {
  const head = await take(9);
  const data = head && (await take(Number(head.readBigUInt64LE(1))));
  return data && { operation: head.readUInt8(), data };
}

function answersTo(requests: readonly Request[]): readonly (readonly Uint8Array[])[] {
  const [{ operation }] = requests as [Request];
  expect(requests.map((request) => request.operation)).toEqual(requests.map(() => operation));
  const data = requests.map((request) => request.data);
  if (operation === CLOSE) return requests.map(() => [new Uint8Array()]);
  if (operation === GATHER) return requests.map(() => data);
  const values = data.map(({ buffer, byteOffset, byteLength }) => {
    const bytes = buffer.slice(byteOffset, byteOffset + byteLength);
    return operation === SUM_FLOAT32 ? new Float32Array(bytes) : new Float64Array(bytes);
  });
  expect([SUM_FLOAT32, SUM_FLOAT64, MAX_FLOAT64]).toContain(operation);
  const [total, ...others] = values as [Float32Array | Float64Array, ...typeof values];
  for (const other of others)
    for (let i = 0; i < total.length; i++) total[i] = operation === MAX_FLOAT64 ? Math.max(total[i]!, other[i]!) : total[i]! + other[i]!;
  return requests.map(() => [new Uint8Array(total.buffer)]);
}

type Take = (length: number) => Promise<Buffer | undefined>;

/** Reads a number of bytes at a time; undefined at the end of the stream. */
function takerOf(stream: Readable): Take {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let rest: Buffer = Buffer.alloc(0);
  return async (length) => {
    const parts: Buffer[] = [rest];
    for (let read = rest.length; read < length; read += parts.at(-1)!.length) {
      const { done, value } = await chunks.next();
      if (done) return undefined;
      parts.push(value);
    }
    const bytes = Buffer.concat(parts);
    rest = bytes.subarray(length);
    return bytes.subarray(0, length);
  };
}

/** The command of a Python in a network namespace of its own: torchrun and Ray listen on every interface. Or the reason why there is none. */
async function pythonInNamespace(): Promise<{ readonly command: readonly string[] } | { readonly skipped: string }> {
  const python = process.env.DATA_PARALLEL_PYTHON ?? 'python3';
  const command = ['unshare', '-rn', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', python];
  const reason = await missing(command, 'numpy');
  return reason === undefined ? { command } : { skipped: reason };
}

/** Why a module of Python cannot be imported, or undefined. */
async function missing([program, ...args]: readonly string[], module: string): Promise<string | undefined> {
  try {
    await execute(program!, [...args, '-c', `import ${module}`], { timeout: 120_000 });
    return undefined;
  } catch (error) {
    return (error as Error).message.trim().split('\n').at(-1)!;
  }
}
