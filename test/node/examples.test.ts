import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildAndServe, noBrowser, openPage, startBrowser } from '../../tools/page.js';
import { ROOT, runExample } from '../support/runExample.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'prefloss-examples-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const run = (example: string, ...args: string[]) => runExample(example, args);
const trained = (out: string, ...args: string[]) => run('train-tiny-gpt/main.ts', '--out', join(folder, out), ...args);
const tinyGpt = (out: string, ...args: string[]) => trained(out, '--steps', '3', '--sft-epochs', '1', ...args);

interface MetricsLine {
  readonly phase: string;
  readonly on: string;
  readonly step: number;
  readonly loss: number;
  readonly 'rewards/accuracies': number;
  readonly 'answers/right': number;
}
const plotOf = (out: string) => readFileSync(join(folder, out, 'plot.svg'), 'utf8');
const metricsOf = (out: string) => readFileSync(join(folder, out, 'metrics.jsonl'), 'utf8');
const linesOf = (out: string) =>
  metricsOf(out)
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as MetricsLine);

// The example itself throws if the reference changes, a step leaves a tensor behind, or the reloaded checkpoint differs.
describe('examples/train-tiny-gpt', { timeout: 300_000 }, () => {
  it('reports what it learned, and writes a plot, metrics and a checkpoint', () => {
    const { status, stdout, stderr } = tinyGpt('dpo');
    expect(status, stderr).toBe(0);
    expect(stdout).toMatch(/DPO loss +0\.6931 -> 0\.6\d+ +0\.6931 -> /);
    expect(stdout).toMatch(/reward margin +0\.000 -> 0\.0\d+ /);
    expect(readdirSync(join(folder, 'dpo')).sort()).toEqual([
      'best.safetensors',
      'checkpoint-dpo.safetensors',
      'checkpoint-sft.safetensors',
      'metrics.jsonl',
      'plot.svg',
    ]);
    expect(plotOf('dpo')).toMatch(/^<svg[^]*Reward margin[^]*<\/svg>\s*$/);
  });

  it('writes the same metrics and the same plot for the same seed, and others for another seed', () => {
    expect(tinyGpt('again').status).toBe(0);
    expect(metricsOf('again')).toBe(metricsOf('dpo'));
    expect(plotOf('again')).toBe(plotOf('dpo'));
    expect(tinyGpt('other', '--seed', '1').status).toBe(0);
    expect(metricsOf('other')).not.toBe(metricsOf('dpo'));
  });

  // The files as a kill leaves them, made from those of the whole run.
  it.each([
    ['before preference training has a checkpoint', ['best', 'checkpoint-dpo'], (lines) => lines.filter((line) => line.includes('"sft"'))],
    ['between the last checkpoint and its metrics', [], (lines) => lines.slice(0, -2)],
    ['after the last metrics', [], (lines) => lines],
  ] as [moment: string, missing: string[], written: (lines: string[]) => string[]][])(
    'writes the same files if it was killed %s and is resumed',
    (moment, missing, written) => {
      const [whole, killed] = [join(folder, 'dpo'), join(folder, moment)];
      cpSync(whole, killed, { recursive: true });
      for (const name of missing) rmSync(join(killed, `${name}.safetensors`));
      rmSync(join(killed, 'plot.svg'));
      const lines = metricsOf('dpo').trimEnd().split('\n');
      writeFileSync(join(killed, 'metrics.jsonl'), written(lines).map((line) => `${line}\n`).join('')); // prettier-ignore
      const { status, stderr } = tinyGpt(moment, '--resume');
      expect(status, stderr).toBe(0);
      expect(metricsOf(moment)).toBe(metricsOf('dpo'));
      expect(readdirSync(killed)).toEqual(readdirSync(whole));
      for (const name of readdirSync(whole))
        expect(readFileSync(join(killed, name)).equals(readFileSync(join(whole, name))), name).toBe(true);
    },
  );

  it('does not change the reference of a run that it resumes', () => {
    cpSync(join(folder, 'dpo'), join(folder, 'longer'), { recursive: true });
    const { status, stderr } = tinyGpt('longer', '--resume', '--sft-epochs', '2');
    expect(status).toBe(1);
    expect(stderr.trim()).toBe('sft has 70 updates, expected 35 as in the model that dpo continues from');
    expect(metricsOf('longer')).toBe(metricsOf('dpo'));
  });

  it.each([
    ['ipo', 1],
    ['kto', 0.5],
    ['orpo', undefined],
  ] as const)('trains with %s', (loss, start) => {
    const { status, stderr } = tinyGpt(loss, '--loss', loss);
    expect(status, stderr).toBe(0);
    const [first, ...others] = linesOf(loss).filter((line) => line.phase === loss && line.on === 'train');
    if (start !== undefined) expect(first!.loss).toBeCloseTo(start, 6);
    expect(others.at(-1)!.loss).toBeLessThan(first!.loss);
  });

  it('moves answers to prompts that it has never seen from chance to right', () => {
    const { status, stdout, stderr } = trained('learns', '--sft-epochs', '8', '--epochs', '4');
    expect(status, stderr).toBe(0);
    const heldOut = (phase: string) => linesOf('learns').filter((line) => line.phase === phase && line.on === 'validation');
    const [before, after] = [heldOut('dpo')[0]!, heldOut('dpo').at(-1)!];
    expect(before['rewards/accuracies']).toBe(0.5);
    expect(Math.abs(before['answers/right'] - 0.5)).toBeLessThan(0.15); // fine-tuning does not solve the task
    expect(after['rewards/accuracies']).toBeGreaterThan(0.85);
    expect(after['answers/right']).toBeGreaterThan(0.85);
    expect(stdout).toMatch(/right answers .* -> /);
    expect(stdout).toMatch(/> Which is larger, (\d+) or (\d+)\?\n {2}before: \d+\n {2}after: {2}\d+\n/);
  });

  it('trains on the pairs of hh-rlhf, keeps the model with the smallest held-out loss, and stops when it has not fallen', () => {
    const { status, stdout, stderr } = tinyGpt('hh-rlhf', '--data', 'hh-rlhf', '--steps', '40', '--patience', '2');
    expect(status, stderr).toBe(0);
    expect(stdout).toMatch(/^44 training pairs, 12 held out/);
    expect(stdout).not.toContain('right answers');
    const heldOut = linesOf('hh-rlhf').filter(({ phase, on }) => phase === 'dpo' && on === 'validation');
    const best = heldOut.findIndex(({ loss }) => loss === Math.min(...heldOut.map((line) => line.loss)));
    expect(heldOut.length - 1 - best).toBeLessThanOrEqual(2);
    expect(stdout).toContain(`best.safetensors has the smallest held-out loss, after ${heldOut[best]!.step} updates.`);
  });

  it('explains bad options in one line', () => {
    const { status, stderr } = tinyGpt('bad', '--loss', 'dop');
    expect(status).toBe(1);
    expect(stderr.trim()).toBe('--loss is "dop", expected one of dpo, ipo, kto, orpo');
  });
});

describe('examples/mock-loop.ts', { timeout: 60_000 }, () => {
  it('starts at ln 2 and ends with a margin above 1', () => {
    const { status, stdout, stderr } = run('mock-loop.ts');
    expect(status, stderr).toBe(0);
    const lines = stdout.trim().split('\n');
    expect(lines[0]).toMatch(/^step 0: loss 0\.6931, margin 0\.000 *$/);
    expect(Number(/margin ([\d.]+) #+$/.exec(lines.at(-1)!)![1])).toBeGreaterThan(1);
  });
});

it('examples/own-engine computes a loss and passes all checks of engines', () => {
  const { status, stdout, stderr } = run('own-engine/main.ts');
  expect(status, stderr).toBe(0);
  expect(stdout).toContain('The engine conforms to the contract.');
});

describe('examples/jax', () => {
  /** Asserts that the training starts at ln 2 and learns. */
  function expectTrained(lines: readonly string[]): void {
    expect(lines[0]).toBe('step 0: loss 0.6931, margin 0.000');
    const [, loss, margin] = /^step 50: loss ([\d.]+), margin ([\d.]+)$/.exec(lines[5]!)!.map(Number);
    expect(loss).toBeLessThan(0.05);
    expect(margin).toBeGreaterThan(3);
  }

  it('trains on wasm in Node.js', () => {
    const { status, stdout, stderr } = run('jax/main.ts');
    expect(status, stderr).toBe(0);
    expectTrained(stdout.split('\n'));
  });

  it.skipIf(noBrowser !== undefined).each([
    ['webgpu', true],
    ['wasm', false],
  ])('trains on %s in a page', async (device, webgpu) => {
    const served = await buildAndServe(join(ROOT, 'examples/jax'));
    const browser = await startBrowser({ webgpu });
    try {
      const page = await openPage(browser);
      await page.goto(served.url);
      await page.getByText('done').waitFor();
      const [first, ...lines] = (await page.getByRole('log').innerText()).split('\n');
      expect(first).toBe(`on ${device}`);
      expectTrained(lines);
    } finally {
      await browser.close();
      await served.stop();
    }
  });
});
