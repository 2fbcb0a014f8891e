import * as tf from '@tensorflow/tfjs';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { datasetOf } from '../../examples/train-tiny-gpt/data.js';
import { TinyGpt } from '../../examples/train-tiny-gpt/model.js';
import { TASKS } from '../../examples/train-tiny-gpt/tasks.js';
import { AdamW, loadCheckpoint } from '../../src/index.js';
import { generator } from '../../src/internal/random.js';

/** A program that trains the model of examples/train-tiny-gpt to put letters in order. */
export interface Program {
  /** Its file with weights alone; the others have the state of the optimizer, too. */
  readonly weightsOnly: string;
  /** Starts a run that writes its files to a folder, or resumes it. */
  start(out: string): ChildProcess;
  /** Sends SIGKILL to the run, or to one of its processes, and waits until none of them is left. `random` is in [0, 1). */
  kill(run: ChildProcess, random: number): Promise<void>;
}

/** What {@link kills} counted. */
export interface Kills {
  /** Runs that were killed. */
  readonly kills: number;
  /** Kills that interrupted the writing of a file: a temporary file was left, which the next start removes. */
  readonly whileWriting: number;
  /** Checkpoints that were loaded after a kill. */
  readonly loaded: number;
  /** Runs that ended after all, each with the same files, to the last byte, as a run that was never killed. */
  readonly completed: number;
  /** Longest time from a kill to the end of all processes of the run, in seconds. */
  readonly longestEnd: number;
}

/**
 * Kills runs of a program at random moments, and resumes them each time. After each kill, every checkpoint must load. When a run reaches its
 * end, its files must be those of a run that was never killed, and another run starts.
 *
 * @throws Error that says what was lost.
 */
export async function kills(program: Program, count: number, seed: number): Promise<Kills> {
  const random = generator(seed);
  const folder = mkdtempSync(join(tmpdir(), 'prefloss-kills-'));
  await tf.setBackend('cpu');
  const task = TASKS.ordering();
  const model = TinyGpt.create({ ...task.sizes, vocabularySize: datasetOf(task, 0).vocabularySize }, 0);
  let [killed, whileWriting, loaded, completed, longestEnd] = [0, 0, 0, 0, 0];
  try {
    const whole = join(folder, 'whole');
    const first = program.start(whole);
    await Promise.race([once(first.stdout!, 'data'), once(first, 'exit')]);
    const started = performance.now();
    await ended(first, whole);
    // A run is killed several times, wherever it is, on a slow machine, too.
    const longest = (performance.now() - started) / 3;
    while (killed < count || completed === 0) {
      const out = join(folder, `run-${completed}`);
      const run = program.start(out);
      // The last run may end.
      const seconds = killed < count ? await kill(program, run, { after: random() * longest, random: random() }) : undefined;
      if (seconds !== undefined) {
        killed++;
        longestEnd = Math.max(longestEnd, seconds);
        const names = readdirSync(out);
        if (names.some((name) => name.endsWith('.tmp'))) whileWriting++;
        for (const name of names.filter((other) => other.endsWith('.safetensors'))) {
          await load(join(out, name), model, name !== program.weightsOnly);
          loaded++;
        }
        continue;
      }
      await ended(run, out);
      compare(whole, out);
      completed++;
    }
  } finally {
    rmSync(folder, { recursive: true });
    tf.dispose([...model.variables]);
  }
  return { kills: killed, whileWriting, loaded, completed, longestEnd };
}

/** Kills a run some milliseconds after its first line. Returns the seconds until it had ended; undefined if it ended by itself before. */
async function kill(
  program: Program,
  run: ChildProcess,
  { after, random }: { readonly after: number; readonly random: number },
): Promise<number | undefined> {
  const exit = once(run, 'exit');
  await Promise.race([once(run.stdout!, 'data'), exit]);
  await Promise.race([wait(after), exit]);
  if (run.exitCode !== null) return undefined;
  const start = performance.now();
  await program.kill(run, random);
  const [code] = (await exit) as [number | null];
  return code === 0 ? undefined : (performance.now() - start) / 1000;
}

/** Waits for the end of a run. */
async function ended(run: ChildProcess, out: string): Promise<void> {
  let errors = '';
  run.stderr!.on('data', (text: Buffer) => (errors += text.toString()));
  run.stdout!.resume();
  if (run.exitCode === null) await once(run, 'close');
  if (run.exitCode !== 0) throw new Error(`the run in ${out} ended with ${run.exitCode}: ${errors}`);
}

async function load(path: string, { variables }: TinyGpt, withOptimizer: boolean): Promise<void> {
  const optimizer = new AdamW();
  try {
    await loadCheckpoint(readFileSync(path), { policy: variables, ...(withOptimizer && { optimizer }) });
  } finally {
    optimizer.dispose();
  }
}

/** Compares the files of two runs. */
function compare(whole: string, out: string): void {
  const [expected, found] = [readdirSync(whole), readdirSync(out)];
  if (found.join() !== expected.join()) throw new Error(`the run has the files ${found.join(', ')}, expected ${expected.join(', ')}`);
  for (const name of expected) {
    const [before, after] = [readFileSync(join(whole, name)), readFileSync(join(out, name))];
    if (!after.equals(before))
      throw new Error(`${name} differs from that of a run that was not killed${firstDifference(name, before, after)}`);
  }
}

/** Describes the first line that differs, if the files are text. */
function firstDifference(name: string, before: Buffer, after: Buffer): string {
  if (name.endsWith('.safetensors')) return '';
  const [expected, found] = [before, after].map((content) => content.toString().split('\n')) as [string[], string[]];
  const line = expected.findIndex((text, i) => text !== found[i]);
  return `: line ${line + 1} is ${found[line]?.slice(0, 200)}, expected ${expected[line]!.slice(0, 200)}`;
}
