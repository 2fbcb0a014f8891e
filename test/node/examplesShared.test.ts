import * as tf from '@tensorflow/tfjs';
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { choice, helpOf, integer, positive, readArguments } from '../../examples/shared/commandLine.js';
import { makeFolder } from '../../examples/shared/files.js';
import { MetricsLog, type MetricsRecord } from '../../examples/shared/metricsLog.js';
import { barLine, progressOf } from '../../examples/shared/progress.js';
import { train } from '../../examples/shared/train.js';
import { UsageError } from '../../examples/shared/usageError.js';
import { AdamW } from '../../src/index.js';

/** Runs a command where it is root and its mounts are its own, if Linux allows that. */
const OWN_MOUNTS = ['unshare', '--map-root-user', '--mount'];
function canMount(): boolean {
  const [program, ...args] = OWN_MOUNTS;
  return spawnSync(program!, [...args, 'mount', '-t', 'tmpfs', 'tmpfs', tmpdir()]).status === 0;
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'prefloss-shared-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('files', () => {
  const FILES = pathToFileURL(join(import.meta.dirname, '../../examples/shared/files.ts')).href;

  /** Runs a program, which may follow a command that takes another as its arguments. Returns the last line that it prints. */
  function run(program: string, args: readonly string[], before: readonly string[] = []): string {
    const script = join(folder, 'program.mts');
    writeFileSync(script, program);
    const tsx = createRequire(import.meta.url).resolve('tsx/cli');
    const [command, ...others] = [...before, process.execPath, tsx, script, ...args];
    const { stdout, stderr } = spawnSync(command!, others, { encoding: 'utf8' });
    expect(stderr).toBe('');
    return stdout.trim();
  }

  // A limit on the size of files, or a disk of its own for this process; each has room for the first file only.
  const FULL = [
    { disk: 'a file that grows too large', code: 'EFBIG', setup: 'ulimit -f 100', isPossible: process.platform !== 'win32' },
    { disk: 'a full disk', code: 'ENOSPC', setup: 'mount -t tmpfs -o size=300k tmpfs "$0"', isPossible: canMount() },
  ];

  it.for(FULL)('writeWhole keeps the previous file and leaves no other on $disk', ({ code, setup, isPossible }, { skip }) => {
    skip(!isPossible, 'this system cannot do that');
    const full = join(folder, code);
    mkdirSync(full);
    const program = `
      import { readdirSync, readFileSync } from 'node:fs';
      import { writeWhole } from ${JSON.stringify(FILES)};
      const [folder] = process.argv.slice(2);
      writeWhole(folder + '/checkpoint', 'the last one');
      try {
        writeWhole(folder + '/checkpoint', new Uint8Array(1e6));
      } catch ({ code }) {
        console.log(JSON.stringify({ code, kept: readFileSync(folder + '/checkpoint', 'utf8'), files: readdirSync(folder) }));
      }`;
    const result = run(
      program,
      [full],
      [...OWN_MOUNTS, 'bash', '-c', `${setup} && exec "$@"`, full].slice(code === 'ENOSPC' ? 0 : OWN_MOUNTS.length),
    );
    expect(JSON.parse(result)).toEqual({ code, kept: 'the last one', files: ['checkpoint'] });
  });

  it('writeWhole waits until the disk has the file before it replaces the previous one, and then until the disk has the name', () => {
    const program = `
      import fs from 'node:fs';
      import { syncBuiltinESMExports } from 'node:module';
      const calls = [];
      const { fsyncSync, renameSync } = fs;
      fs.fsyncSync = (file) => {
        calls.push(fs.fstatSync(file).isDirectory() ? 'sync folder' : 'sync file');
        fsyncSync(file);
      };
      fs.renameSync = (...paths) => {
        calls.push('rename');
        renameSync(...paths);
      };
      syncBuiltinESMExports();
      const { writeWhole } = await import(${JSON.stringify(FILES)});
      writeWhole(process.argv[2], 'content');
      console.log(calls.join());`;
    expect(run(program, [join(folder, 'synced')])).toBe(`sync file,rename${process.platform === 'win32' ? '' : ',sync folder'}`);
  });

  it('makeFolder removes the temporary files of killed runs, and nothing else', () => {
    const out = join(folder, 'killed');
    makeFolder(out);
    const { pid } = spawnSync(process.execPath, ['--version']); // it has ended
    const kept = [`checkpoint.${process.ppid}.tmp`, 'checkpoint.safetensors', 'checkpoint.tmp', 'notes'];
    for (const name of [...kept, `checkpoint.${pid}.tmp`, `log.jsonl.${pid}.tmp`, `checkpoint.${process.pid}.tmp`]) {
      writeFileSync(join(out, name), name);
    }
    makeFolder(out);
    expect(readdirSync(out).sort()).toEqual(kept.sort());
  });
});

describe('the log of metrics', () => {
  const record = (step: number, on: MetricsRecord['on'], loss: number): MetricsRecord => ({ phase: 'dpo', on, step, metrics: { loss } });

  it('continues from a checkpoint as if it had not stopped', async () => {
    const whole = [0, 1, 2, 3].flatMap((step) => [record(step, 'validation', 1 / (step + 1)), record(step, 'batch', step)]);
    const first = await MetricsLog.open({ folder, backend: 'wasm' });
    whole.slice(0, 6).forEach((r) => {
      first.add(r);
    });
    const second = await MetricsLog.open({ folder, backend: 'wasm', resume: true });
    second.rewind('sft', 0);
    second.rewind('dpo', 2);
    expect(second.records).toEqual(whole.slice(0, 4));
    whole.slice(4).forEach((r) => {
      second.add(r);
    });
    expect(second.at('last', 'dpo', 'validation')).toEqual({ loss: 0.25 });
    expect(second.at(1, 'dpo', 'validation')).toEqual({ loss: 0.5 });
    expect(second.at(7, 'dpo', 'validation')).toEqual({});
    const lines = whole.map(({ metrics, ...rest }) => `${JSON.stringify({ ...rest, ...metrics })}\n`).join('');
    expect(readFileSync(join(folder, 'metrics.jsonl'), 'utf8')).toBe(lines);
    // A crash may leave a partial line, or no log at all.
    appendFileSync(join(folder, 'metrics.jsonl'), '{"phase":"dpo","on":"ba');
    expect((await MetricsLog.open({ folder, backend: 'wasm', resume: true })).records).toEqual(whole);
    expect(readFileSync(join(folder, 'metrics.jsonl'), 'utf8')).toBe(lines);
    rmSync(join(folder, 'metrics.jsonl'));
    expect((await MetricsLog.open({ folder, backend: 'wasm', resume: true })).records).toEqual([]);
    await MetricsLog.open({ folder, backend: 'wasm' });
    expect(readFileSync(join(folder, 'metrics.jsonl'), 'utf8')).toBe('');
  });
});

describe('the command line', () => {
  const COMMAND_LINE = {
    about: 'Trains.',
    options: { lr: 'learning rate', seed: 'seed of the order', loss: 'dpo, ipo' },
    flags: { resume: 'continue' },
  };
  const read = (...args: string[]) => readArguments(args, COMMAND_LINE)!;

  it('reads strings, numbers, words and flags', () => {
    const { texts, flags } = read('--lr', '1e-3', '--resume', '--loss=ipo');
    expect(positive(texts, 'lr')).toBe(1e-3);
    expect(integer(texts, 'seed', 0)).toBeUndefined();
    expect(choice(texts, 'loss', ['dpo', 'ipo'], 'dpo')).toBe('ipo');
    expect(flags.has('resume')).toBe(true);
    expect(read('--help')).toBeUndefined();
  });

  it('describes every option and flag', () => {
    expect(helpOf(COMMAND_LINE)).toBe(
      `Trains.

  --lr      learning rate
  --seed    seed of the order
  --loss    dpo, ipo
  --resume  continue
  --help    show this text`,
    );
  });

  it.each([
    [['--lr', '-1'], '--lr is "-1", expected a number above 0'],
    [['--lr', ''], '--lr is "", expected a number above 0'],
    [['--seed', '1.5'], '--seed is "1.5", expected an integer of at least 0'],
    [['--loss', 'dop'], '--loss is "dop", expected one of dpo, ipo'],
    [['--los', 'dpo'], "Unknown option '--los': did you mean --loss? --help describes all options"],
    [['--sede', '1'], "Unknown option '--sede': did you mean --seed? --help describes all options"],
    [['--re'], "Unknown option '--re': did you mean --resume? --help describes all options"],
    [['--xy', '1'], "Unknown option '--xy', expected --lr with a value, --seed with a value, --loss with a value, --resume, --help"],
  ])('explains what is wrong with %j', (args, message) => {
    expect(() => {
      const { texts } = read(...args);
      positive(texts, 'lr');
      integer(texts, 'seed', 0);
      choice(texts, 'loss', ['dpo', 'ipo'], 'dpo');
    }).toThrow(new UsageError(message));
  });
});

describe('the progress', () => {
  const metrics = { loss: 0.6931, 'rewards/margins': 0.1, 'rewards/accuracies': 0.5, 'answers/right': 0.25, gradientNorm: 3 };
  const batch = { loss: 0.6931, 'rewards/margins': 0.1, 'rewards/accuracies': 0.5 };
  const at = { phase: 'dpo', step: 350, steps: 1400, seconds: 125, metrics: batch };
  const texts = 'loss 0.693, margin 0.100, accuracy 0.500';

  it('a bar keeps its metrics and fits into 80 columns', () => {
    const line = barLine({ ...at, columns: 80 });
    expect(line).toBe(`dpo ██░░░░░  350/1400  2 min 5 s left  ${texts}`);
    expect(line.length).toBeLessThan(80);
  });

  it.each([
    [120, `dpo █████${'░'.repeat(15)}  350/1400  2 min 5 s left  ${texts}`],
    [60, 'dpo  350/1400  2 min 5 s left  loss 0.693, margin 0.100, ac'],
  ])('a bar in %i columns', (columns, line) => {
    expect(barLine({ ...at, columns })).toBe(line);
  });

  it.each([
    [NaN, 'sft ░░░░░░░░░░░░░░░░░░░░ 1/99  loss 0.693'],
    [59.4, 'sft ░░░░░░░░░░░░░░░░░░░░ 1/99  59 s left  loss 0.693'],
    [3720, 'sft ░░░░░░░░░░░░░░░░░░░░ 1/99  1 h 2 min left  loss 0.693'],
  ])('shows %d s left', (seconds, line) => {
    expect(barLine({ phase: 'sft', step: 1, steps: 99, seconds, metrics: { loss: 0.6931 }, columns: 80 })).toBe(
      line.replace(' 1/', '  1/'),
    );
  });

  const written = (isTTY: boolean, columns: number) => {
    let all = '';
    const progress = progressOf('dpo', 4, { isTTY, columns, write: (text) => (all += text) });
    progress.evaluation(0, metrics, metrics);
    progress.batch(0, batch);
    progress.evaluation(1, metrics, metrics);
    progress.stop();
    return all;
  };
  const split = `${texts}, right answers 0.250`;

  it('on a terminal, every evaluation leaves its lines, and no bar stays', () => {
    // A terminal shows what follows the last clearing of a line.
    const shown = written(true, 80).split('\n').map((line) => line.split('\r\u001b[K').at(-1)); // prettier-ignore
    const lines = (step: number) => [`dpo ${step}/4  train: ${split}`, `         validation: ${split}`];
    expect(shown).toEqual([...lines(0), ...lines(1), '']);
    expect(written(true, 80)).toContain(`dpo █████${'░'.repeat(15)} 1/4  ${texts}`);
  });

  it('elsewhere, every evaluation is a line', () => {
    const line = (step: number) => `dpo ${step}/4  train: ${split}  validation: ${split}\n`;
    expect(written(false, 80)).toBe(line(0) + line(1));
  });
});

describe('the training loop', () => {
  const setup = (name: string, loss: (w: tf.Tensor) => tf.Tensor) => {
    const w = tf.variable(tf.scalar(1), true, name);
    return {
      variables: [w],
      objective: () => ({ loss: loss(w as tf.Tensor) as tf.Scalar }),
      optimizer: new AdamW({ weightDecay: 0 }),
      items: [1, 2, 3],
      batchSize: 2,
      seed: 0,
      steps: 5,
      rate: () => 0.1,
      maxNorm: 1,
      evaluateEvery: 2,
    };
  };

  it('evaluates on schedule and after the last update, and continues from a step', async () => {
    const seen: string[] = [];
    const hooks = {
      onBatch: (step: number) => seen.push(`batch ${step}`),
      onEvaluation: (step: number) => {
        seen.push(`evaluation ${step}`);
        return Promise.resolve(false);
      },
    };
    await train({ ...setup('continues', (w) => tf.square(w)), ...hooks, from: 3 });
    expect(seen).toEqual(['batch 3', 'evaluation 4', 'batch 4', 'evaluation 5']);
  });

  it('stops after an evaluation that says so', async () => {
    const seen: number[] = [];
    const onEvaluation = (step: number) => Promise.resolve(step === 2);
    await train({ ...setup('stops', (w) => tf.square(w)), onEvaluation, onBatch: (step) => seen.push(step) });
    expect(seen).toEqual([0, 1]);
  });

  it('names the variable whose gradient is not finite, and does not change it', async () => {
    const training = setup('a weight', (w) => tf.log(tf.sub(w, 1)));
    const hooks = { onBatch: () => undefined, onEvaluation: () => Promise.resolve(false) };
    await expect(train({ ...training, ...hooks })).rejects.toThrow(
      'after 0 updates, the gradient of variable a weight[0] is Infinity: try a smaller learning rate',
    );
    expect(training.variables[0]!.dataSync()[0]).toBe(1);
  });

  it('stops when the GPU is lost, before it evaluates', async () => {
    const backend = tf.backend() as { device?: object };
    const hooks = { onBatch: () => undefined, onEvaluation: () => Promise.resolve(false) };
    const training = { ...setup('lost', (w) => tf.square(w)), ...hooks };
    const onEvaluation = (step: number) => {
      if (step === 2) throw new Error('evaluated on a lost device');
      return Promise.resolve(false);
    };
    backend.device = { lost: Promise.resolve({ reason: 'unknown', message: 'the driver was reset' }) };
    try {
      await expect(train({ ...training, onEvaluation })).rejects.toThrow(
        'the device of the cpu backend is lost (unknown: the driver was reset)',
      );
    } finally {
      delete backend.device;
    }
  });

  it('throws if a step leaves a tensor behind', async () => {
    const hooks = { onBatch: () => void tf.keep(tf.scalar(0)), onEvaluation: () => Promise.resolve(false) };
    await expect(train({ ...setup('leaks', (w) => tf.square(w)), ...hooks })).rejects.toThrow('step 1 left 1 tensors behind');
  });
});
