/** Kills the demo at random moments and resumes it: nothing may be lost. */
import * as tf from '@tensorflow/tfjs';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { datasetOf } from '../../examples/train-tiny-gpt/data.js';
import { TinyGpt } from '../../examples/train-tiny-gpt/model.js';
import { TASKS } from '../../examples/train-tiny-gpt/tasks.js';
import { AdamW, loadCheckpoint } from '../../src/index.js';
import { generator } from '../../src/internal/random.js';

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
}

/** Updates of the run: enough for a few seconds. */
const RUN = ['--sft-epochs', '1', '--steps', '60'];
/**
 * Kills examples/train-tiny-gpt at random moments, with SIGKILL, and resumes it each time. After each kill, every checkpoint must load.
 * When a run reaches its end, its files must be those of a run that was never killed, and another run starts.
 *
 * @throws Error that says what was lost.
 */
export async function kills(count: number, seed: number): Promise<Kills> {
  const random = generator(seed);
  const folder = mkdtempSync(join(tmpdir(), 'prefloss-kills-'));
  await tf.setBackend('cpu');
  const task = TASKS.ordering();
  const model = TinyGpt.create({ ...task.sizes, vocabularySize: datasetOf(task, 0).vocabularySize }, 0);
  let [killed, whileWriting, loaded, completed] = [0, 0, 0, 0];
  try {
    const whole = join(folder, 'whole');
    const first = start(whole);
    await Promise.race([once(first.stdout!, 'data'), once(first, 'exit')]);
    const started = performance.now();
    await ended(first, whole);
    // A run is killed several times, wherever it is, on a slow machine, too.
    const longest = (performance.now() - started) / 3;
    while (killed < count || completed === 0) {
      const out = join(folder, `run-${completed}`);
      const run = start(out);
      // The last run may end.
      if (killed < count && (await kill(run, random() * longest))) {
        killed++;
        const names = readdirSync(out);
        if (names.some((name) => name.endsWith('.tmp'))) whileWriting++;
        for (const name of names.filter((other) => other.endsWith('.safetensors'))) {
          await load(join(out, name), model);
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
  return { kills: killed, whileWriting, loaded, completed };
}

/** Starts a run, or resumes it. */
function start(out: string): ChildProcess {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  // The command line of tsx would start another process, which would survive.
  const args = ['--import', 'tsx', 'examples/train-tiny-gpt/main.ts', ...RUN, '--out', out, '--resume'];
  return spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Kills a run some milliseconds after its first line. Returns false if it has ended by then. */
async function kill(run: ChildProcess, milliseconds: number): Promise<boolean> {
  const exit = once(run, 'exit');
  await Promise.race([once(run.stdout!, 'data'), exit]);
  await Promise.race([wait(milliseconds), exit]);
  if (run.exitCode !== null) return false;
  run.kill('SIGKILL');
  await exit;
  return run.signalCode === 'SIGKILL';
}

/** Waits for the end of a run. */
async function ended(run: ChildProcess, out: string): Promise<void> {
  let errors = '';
  run.stderr!.on('data', (text: Buffer) => (errors += text.toString()));
  run.stdout!.resume();
  if (run.exitCode === null) await once(run, 'close');
  if (run.exitCode !== 0) throw new Error(`the run in ${out} ended with ${run.exitCode}: ${errors}`);
}

async function load(path: string, { variables }: TinyGpt): Promise<void> {
  const optimizer = new AdamW();
  try {
    await loadCheckpoint(readFileSync(path), { policy: variables, ...(!path.endsWith('best.safetensors') && { optimizer }) });
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
