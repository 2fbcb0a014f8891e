import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BatchPairs, Command, Report, RunOptions } from '../../examples/playground/train/protocol.js';
import { Session } from '../../examples/playground/train/session.js';
import { dpo, ops } from '../../src/index.js';

const OPTIONS: RunOptions = {
  ...{ loss: 'dpo', backend: 'wasm', seed: 1, beta: 1, learningRate: 1e-3 },
  ...{ batchSize: 16, heldOut: 20, sftSteps: 2, steps: 12 },
};
const LOSSES: Record<string, typeof dpo> = {
  twice: (logps, options) => ops.mul(dpo(logps, options), 2) as never,
};

type Of<Type extends Report['type']> = Extract<Report, { type: Type }>;

/** A session in this process, with what it reports. The next device is lost, or a loss is NaN, when a test says so. */
class Page {
  readonly reports: Report[] = [];
  readonly starts: { backend: string; isFresh: boolean }[] = [];
  #onReport: (report: Report) => void = () => undefined;
  readonly #session = new Session({
    startBackend: async (backend, isFresh) => {
      this.starts.push({ backend, isFresh });
      if (isFresh) delete device().device;
      await tf.setBackend('wasm');
      return { backend };
    },
    compile: (source) => {
      const loss = LOSSES[source];
      return loss ? Promise.resolve(loss) : Promise.reject(new SyntaxError(`${source} is no loss`));
    },
    report: (report) => {
      // What a worker posts.
      this.reports.push(structuredClone(report));
      this.#onReport(report);
    },
  });

  send(command: Command): Promise<void> {
    return this.#session.handle(command);
  }

  /** Does something once, after the update that makes `step` updates of the preference training. */
  after(step: number, act: () => void): void {
    this.#onReport = (report) => {
      if (report.type !== 'batch' || report.phase !== 'preference' || report.step !== step) return;
      this.#onReport = () => undefined;
      act();
    };
  }

  of<Type extends Report['type']>(type: Type): Of<Type>[] {
    return this.reports.filter((report): report is Of<Type> => report.type === type);
  }

  /** The numbers of the preference training, without times. */
  numbers() {
    return this.of('batch').flatMap(({ phase, step, metrics, pairs }) => (phase === 'sft' ? [] : [{ step, metrics, pairs: pairs! }]));
  }
}

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const marginsOf = ({ policy, reference }: BatchPairs): number[] =>
  policy.chosen.map((logp, i) => logp - reference.chosen[i]! - policy.rejected[i]! + reference.rejected[i]!);

/** The active backend, with the device that a GPU would have. */
const device = (): { device?: object } => tf.backend() as object;
const lose = (): void => {
  device().device = { lost: Promise.resolve({ reason: 'unknown', message: 'the driver was reset' }) };
};
/** Long enough for some updates, if there were any. */
const aWhile = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1000));

describe('a run in the page', () => {
  const whole = new Page();
  beforeAll(async () => {
    await tf.setBackend('wasm');
    await whole.send({ type: 'start', options: OPTIONS });
  }, 180_000);
  afterAll(() => whole.send({ type: 'reset' }));

  it('fine-tunes, then trains against the fine-tuned model', () => {
    expect(whole.of('status').map(({ status }) => status)).toEqual(['starting', 'running', 'done']);
    expect(whole.of('batch').map(({ phase, step }) => `${phase} ${step}`)).toEqual([
      ...['sft 1', 'sft 2'],
      ...Array.from({ length: 12 }, (_, i) => `preference ${i + 1}`),
    ]);
    const [first, last] = [whole.numbers()[0]!, whole.numbers().at(-1)!];
    expect(first.metrics.loss).toBeCloseTo(Math.LN2, 6);
    expect(last.metrics.loss).toBeLessThan(first.metrics.loss!);
    // The mean of the margins is that of the rewards, because beta is 1.
    const mean = meanOf(marginsOf(last.pairs));
    expect(mean).toBeCloseTo(last.metrics['rewards/margins']!, 5);
    expect(mean).not.toBeCloseTo(0, 3);
  });

  it('measures the held-out pairs, and shows the answers before and after', () => {
    const [before, after] = whole.of('evaluation').filter(({ phase }) => phase === 'preference');
    expect([before!.step, after!.step]).toEqual([0, 12]);
    expect(before!.metrics['rewards/accuracies']).toBe(0.5);
    expect(after!.metrics.loss).toBeLessThan(before!.metrics.loss!);
    const [first, last] = [whole.of('answers')[0]!, whole.of('answers').at(-1)!];
    expect(first.answers.every(({ after }) => after === undefined)).toBe(true);
    expect(last.answers).toHaveLength(8);
    for (const { question, expected, before, after } of last.answers) {
      const numbers = /^Which is larger, (\d+) or (\d+)\?$/.exec(question)!.slice(1).map(Number);
      expect(expected).toBe(`${Math.max(...numbers)}`);
      expect([typeof before, typeof after]).toEqual(['string', 'string']);
    }
  });

  it('has the same numbers for the same seed after a reset, others for another, and frees its tensors', async () => {
    const { numTensors } = tf.memory();
    const page = new Page();
    page.after(2, () => void page.send({ type: 'reset' }));
    await page.send({ type: 'start', options: OPTIONS });
    expect(page.of('status').at(-1)).not.toMatchObject({ status: 'done' });
    await page.send({ type: 'reset' });
    expect(page.of('status').at(-1)).toMatchObject({ status: 'idle' });
    expect(tf.memory().numTensors).toBe(numTensors);

    page.reports.length = 0;
    await page.send({ type: 'start', options: OPTIONS });
    expect(page.numbers()).toEqual(whole.numbers());
    page.reports.length = 0;
    await page.send({ type: 'start', options: { ...OPTIONS, seed: 2 } });
    expect(page.numbers()).toHaveLength(12);
    expect(page.numbers()).not.toEqual(whole.numbers());
    await page.send({ type: 'reset' });
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  it('pauses, makes single steps, and goes on with the same numbers', async () => {
    const page = new Page();
    page.after(3, () => void page.send({ type: 'pause' }));
    const ended = page.send({ type: 'start', options: OPTIONS });
    while (page.numbers().length < 3) await aWhile();
    await aWhile();
    expect(page.numbers()).toHaveLength(3);
    expect(page.of('status').at(-1)).toMatchObject({ status: 'paused' });
    await page.send({ type: 'step' });
    await aWhile();
    expect(page.numbers()).toHaveLength(4);
    await page.send({ type: 'resume' });
    await ended;
    expect(page.numbers()).toEqual(whole.numbers());
    await page.send({ type: 'reset' });
  });

  it('goes on from its last checkpoint on a new device, with the same numbers', async () => {
    const page = new Page();
    page.after(11, lose);
    await page.send({ type: 'start', options: OPTIONS });
    expect(page.of('failed')).toEqual([
      {
        type: 'failed',
        isLost: true,
        message: expect.stringContaining('is lost (unknown: the driver was reset)') as string,
        checkpoint: { phase: 'preference', step: 10 },
      },
    ]);
    await page.send({ type: 'recover', backend: 'wasm', learningRate: OPTIONS.learningRate });
    expect(page.starts).toEqual([
      { backend: 'wasm', isFresh: false },
      { backend: 'wasm', isFresh: true },
    ]);
    expect(page.of('rewind')).toEqual([{ type: 'rewind', phase: 'preference', step: 10 }]);
    const [once, again] = [page.numbers().slice(0, 11), page.numbers().slice(11)];
    expect([...once.slice(0, 10), ...again]).toEqual(whole.numbers());
    expect(page.of('status').at(-1)).toMatchObject({ status: 'done' });
    await page.send({ type: 'reset' });
  });

  it('stops at a loss that is not finite, and goes on with a smaller learning rate', async () => {
    const page = new Page();
    let isNaN = false;
    LOSSES.turns = (logps, options) => ops.mul(dpo(logps, options), isNaN ? NaN : 1) as never;
    page.after(11, () => (isNaN = true));
    await page.send({ type: 'start', options: { ...OPTIONS, loss: { kind: 'custom', source: 'turns' } } });
    const [failed] = page.of('failed');
    expect(failed).toMatchObject({ isLost: false, checkpoint: { phase: 'preference', step: 10 } });
    expect(failed!.message).toMatch(/^after 11 updates, .*NaN.*: try a smaller learning rate$/);
    isNaN = false;
    await page.send({ type: 'recover', backend: 'wasm', learningRate: 1e-6 });
    expect(page.numbers().at(-1)!.metrics.learningRate).toBeLessThan(1e-6);
    expect(page.of('status').at(-1)).toMatchObject({ status: 'done' });
    await page.send({ type: 'reset' });
  });

  it('trains with a loss that is compiled from its source, and says before any update what is wrong with it', async () => {
    const page = new Page();
    await page.send({ type: 'start', options: { ...OPTIONS, steps: 1, loss: { kind: 'custom', source: 'twice' } } });
    expect(page.numbers()[0]!.metrics.loss).toBeCloseTo(2 * Math.LN2, 6);
    page.reports.length = 0;
    await page.send({ type: 'start', options: { ...OPTIONS, loss: { kind: 'custom', source: 'none' } } });
    expect(page.of('failed')).toEqual([{ type: 'failed', message: 'none is no loss', isLost: false }]);
    expect(page.of('batch')).toEqual([]);
    await page.send({ type: 'reset' });
  });

  it.each(['ipo', 'kto', 'orpo'] as const)('trains with %s', async (loss) => {
    const page = new Page();
    await page.send({ type: 'start', options: { ...OPTIONS, loss, steps: 2 } });
    expect(page.of('failed')).toEqual([]);
    expect(page.numbers()).toHaveLength(2);
    const { pairs, metrics } = page.numbers()[1]!;
    expect(pairs.lengths.chosen).toHaveLength(16);
    // ORPO and IPO average over tokens, and all log-probs that the page gets are sums.
    const means = pairs.policy.chosen.map((logp, i) => (loss === 'orpo' || loss === 'ipo' ? logp / pairs.lengths.chosen[i]! : logp));
    expect(meanOf(means)).toBeCloseTo(metrics['logps/chosen']!, 4);
    expect(marginsOf(pairs).some((margin) => margin !== 0)).toBe(true);
    await page.send({ type: 'reset' });
  });
});
