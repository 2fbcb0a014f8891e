import { execFile, spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { Shape, WorkloadName } from '../workloads.js';
import { HEAD } from './venv.js';

/** The routes of `head.py`: TRL's, and PyTorch's `log_softmax` with `gather`. */
export const TORCH_ROUTES = ['selectiveLogSoftmax', 'logSoftmaxGather'] as const;
export type TorchRoute = (typeof TORCH_ROUTES)[number];

/** What a PyTorch process computes, and with how many threads. */
export interface TorchSetting {
  /** A Python with PyTorch. */
  readonly python: string;
  readonly threads: number;
  readonly workload: WorkloadName;
  readonly shape: Shape;
}

type TorchProcess = ChildProcessByStdio<Writable, Readable, null>;

const argumentsOf = ({ workload, shape, threads }: TorchSetting): string[] => [
  ...[HEAD, '--workload', workload],
  ...['--shape', ...shape.map(String)],
  ...['--threads', `${threads}`],
];

/** A Python process that holds the inputs of one workload and times one run on request. */
export class PyTorch {
  readonly setting: TorchSetting;
  /** The value computed by each route. */
  readonly values: Readonly<Record<TorchRoute, number>>;
  readonly #process: TorchProcess;
  readonly #answers: AsyncIterator<string>;

  private constructor(setting: TorchSetting, process: TorchProcess, answers: AsyncIterator<string>, values: Record<TorchRoute, number>) {
    this.setting = setting;
    this.#process = process;
    this.#answers = answers;
    this.values = values;
  }

  static async start(setting: TorchSetting): Promise<PyTorch> {
    const process = spawn(setting.python, argumentsOf(setting), { stdio: ['pipe', 'pipe', 'inherit'] });
    const answers = createInterface(process.stdout)[Symbol.asyncIterator]();
    return new PyTorch(setting, process, answers, await answer<Record<TorchRoute, number>>(answers));
  }

  /** Milliseconds of one forward and backward pass. */
  async time(route: TorchRoute): Promise<number> {
    this.#process.stdin.write(`${route}\n`);
    return answer<number>(this.#answers);
  }

  /** Ends the process. */
  stop(): void {
    this.#process.stdin.end();
  }
}

async function answer<A>(answers: AsyncIterator<string>): Promise<A> {
  const line = await answers.next();
  if (line.done === true) throw new Error('head.py exited without an answer');
  return JSON.parse(line.value) as A;
}

/** Peak resident memory of a fresh process during one run, in bytes beyond the memory with the logits in place. */
export async function torchPeak(setting: TorchSetting, route: TorchRoute): Promise<number> {
  const { stdout } = await promisify(execFile)(setting.python, [...argumentsOf(setting), '--peak', route]);
  return JSON.parse(stdout) as number;
}
