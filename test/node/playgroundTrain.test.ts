import type { Page } from 'playwright';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { RunOptions } from '../../examples/playground/train/protocol.js';
import { Session } from '../../examples/playground/train/session.js';
import { addHeaders, ISOLATED, noBrowser, openPage, startBrowser, watch } from '../../tools/page.js';
import { exampleInBrowser } from '../support/exampleInBrowser.js';

if (noBrowser !== undefined) console.log(`Skipped: training in the playground, which ${noBrowser}.`);

/** Small enough for a software driver. */
const SMALL = { 'Learning rate': '1e-3', 'Pairs per update': '4', 'Held-out pairs': '4', 'Fine-tuning updates': '2' };

describe.skipIf(noBrowser !== undefined)('training in the playground', { timeout: 300_000 }, () => {
  const playground = exampleInBrowser('playground');

  /** The tab in a new page, with the losses of batches that its worker reports. Fails on errors and on requests to other origins. */
  async function open(use: (tab: Tab) => Promise<void>, on = playground.browser): Promise<void> {
    const page = await openPage(on, { viewport: { width: 390, height: 800 } });
    const problems: string[] = [];
    watch(page, playground.served.url, (problem) => problems.push(problem));
    await page.addInitScript(recordReports);
    await page.goto(`${playground.served.url}#train`);
    try {
      await use(new Tab(page));
      expect(problems).toEqual([]);
    } finally {
      await page.close();
    }
  }

  class Tab {
    constructor(readonly page: Page) {}

    button = (name: string) => this.page.getByRole('button', { name, exact: true });
    status = () => this.page.getByRole('status');

    /** Starts a run with a button. */
    async start(backend: string, settings: Readonly<Record<string, string>>, button = 'Start'): Promise<void> {
      await this.page.getByRole('combobox', { name: 'Backend' }).selectOption(backend);
      for (const [label, value] of Object.entries({ ...SMALL, ...settings })) {
        await this.page.getByRole('spinbutton', { name: label }).fill(value);
      }
      await this.button(button).click();
    }

    /** Chooses a loss that is typed into the tab "Write your own". */
    async write(source: string): Promise<void> {
      await this.page.getByRole('tab', { name: 'Write your own' }).click();
      await this.page.getByRole('textbox', { name: 'Source of the loss' }).click();
      await this.page.keyboard.press('Control+a');
      await this.page.keyboard.insertText(source);
      await this.button('Train with it').click();
      await expect.poll(() => this.page.getByRole('combobox', { name: 'Loss' }).inputValue()).toBe('own');
    }

    ends = (text: string) => this.page.getByRole('status').filter({ hasText: text }).waitFor({ timeout: 200_000 });
    /** The number of points of each line of a chart. */
    points = (chart: string) =>
      this.page
        .locator('figure', { hasText: chart })
        .locator('path.line')
        .evaluateAll((lines) => lines.map((line) => line.getAttribute('d')!.split(/[ML]/).length - 1));
    losses = () => this.page.evaluate(() => (globalThis as unknown as { losses: number[] }).losses.splice(0));
  }

  it('pauses between two updates, and goes on', () =>
    open(async (tab) => {
      await tab.start('wasm', { 'Preference updates': '10000' });
      await tab.ends('Preference training:');
      await tab.button('Pause').click();
      await tab.ends('paused');
      const paused = await tab.status().innerText();
      await tab.page.waitForTimeout(1000);
      expect(await tab.status().innerText()).toBe(paused);
      const made = Number(/: (\d+) of/.exec(paused)![1]);
      await tab.button('One step').click();
      await tab.ends(`: ${made + 1} of 10000 updates, paused`);
      await tab.button('Go on').click();
      await tab.page.getByRole('status').filter({ hasNotText: 'paused' }).waitFor();
      await tab.button('Reset').click();
      await tab.ends('Not started');
    }));

  it('trains on wasm, and starts over with the same numbers', () =>
    open(async (tab) => {
      await tab.start('wasm', { 'Preference updates': '30' });
      await tab.ends('30 of 30 updates, done');
      const losses = await tab.losses();
      expect(losses).toHaveLength(32);
      expect(losses[2]).toBeCloseTo(Math.LN2, 5);
      expect(Math.min(...losses.slice(-5))).toBeLessThan(0.6);

      await tab.button('Reset').click();
      await tab.ends('Not started');
      await tab.button('Start').click();
      await tab.ends('30 of 30 updates, done');
      expect(await tab.losses()).toEqual(losses);
      expect(await tab.page.getByRole('row').count()).toBe(5);
      expect(await tab.page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    }));

  it('makes single steps from the start', () =>
    open(async (tab) => {
      await tab.start('wasm', { 'Preference updates': '3' }, 'One step');
      await tab.ends('Fine-tuning: 1 of 2 updates, paused');
      await tab.page.keyboard.press('Enter'); // the button keeps the focus
      await tab.ends('Fine-tuning: 2 of 2 updates, paused');
      await tab.page.keyboard.press('Enter');
      await tab.ends('Preference training: 1 of 3 updates, paused');
      await tab.button('Go on').click();
      await tab.ends('3 of 3 updates, done');
      const losses = await tab.losses();
      await tab.button('Start over').click();
      await tab.ends('3 of 3 updates, done');
      expect(losses).toHaveLength(5);
      expect(await tab.losses()).toEqual(losses);

      await tab.button('Reset').click();
      await tab.ends('Not started');
      await tab.start('wasm', { 'Pairs per update': '0' }, 'One step'); // out of range
      await tab.ends('Not started');
    }));

  it('has the same losses on WebGPU as the same run on the cpu backend in Node.js', () =>
    open(async (tab) => {
      await tab.start('webgpu', { Beta: '1', 'Preference updates': '6' });
      await tab.ends('6 of 6 updates, done');
      const losses = await tab.losses();

      const inNode: number[] = [];
      const session = new Session({
        startBackend: async () => {
          await tf.setBackend('cpu');
          return { backend: 'cpu' };
        },
        compile: () => Promise.reject(new Error('not used')),
        report: (report) => {
          if (report.type === 'batch') inNode.push(report.metrics.loss!);
          if (report.type === 'failed') throw new Error(report.message);
        },
      });
      const options: RunOptions = {
        ...{ loss: 'dpo', backend: 'wasm', seed: 0, beta: 1, learningRate: 1e-3 },
        ...{ batchSize: 4, heldOut: 4, sftSteps: 2, steps: 6 },
      };
      await session.handle({ type: 'start', options });
      await session.handle({ type: 'reset' });
      expect(inNode).toHaveLength(8);
      expect(losses).toHaveLength(8);
      // Neighbouring float32 numbers are 4.8e-7 apart at the largest loss, 4.4, and these may be ten of them apart.
      losses.forEach((loss, i) => {
        expect(Math.abs(loss - inNode[i]!)).toBeLessThan(4.8e-6);
      });
    }));

  it('goes on from its last checkpoint after the device is lost, on WebGPU or wasm', () =>
    open(async (tab) => {
      await tab.start('webgpu', { 'Preference updates': '3' });
      const loseDevice = async (): Promise<void> => {
        await tab.ends('Preference training: 2 of');
        await tab.page.workers()[0]!.evaluate(() => {
          (globalThis as unknown as { device: { destroy(): void } }).device.destroy();
        });
        await tab.page.getByRole('alert').waitFor();
        expect(await tab.page.getByRole('alert').innerText()).toMatch(
          /the device of the webgpu backend is lost[^]*The state after 0 updates of preference training is kept/,
        );
      };
      await loseDevice();
      const [, , ...first] = await tab.losses(); // after fine-tuning
      await tab.button('Go on with WebGPU').click();
      await loseDevice();
      const second = await tab.losses();
      await tab.button('Go on with wasm').click();
      await tab.ends('3 of 3 updates, done');
      const last = await tab.losses();
      expect(last).toHaveLength(3);
      expect(last[0]).toBeCloseTo(Math.LN2, 5);
      for (const losses of [first, second]) {
        // The same up to rounding: a GPU adds up the gradients of an embedding in any order.
        losses.forEach((loss, i) => {
          expect(last[i]).toBeCloseTo(loss, 4);
        });
      }
      expect(await tab.page.getByRole('region', { name: 'Progress' }).innerText()).toContain('on wasm');
    }));

  it('trains with a loss of the tab "Write your own"', () =>
    open(async (tab) => {
      await tab.page.getByRole('tab', { name: 'Write your own' }).click();
      await tab.button('Train with it').click();
      await expect.poll(() => tab.page.getByRole('combobox', { name: 'Loss' }).inputValue()).toBe('own');
      await tab.start('wasm', { 'Preference updates': '4' });
      await tab.ends('4 of 4 updates, done');
      const losses = (await tab.losses()).slice(2); // after fine-tuning
      expect(losses).toHaveLength(4);
      expect(losses.every((loss) => Number.isFinite(loss) && loss > 0)).toBe(true);
    }));

  /** A loss that does something once, in its fourth call: that of the third update, as the first call is for the held-out pairs. */
  const inThirdUpdate = (what: string) => `import { dpo, ops } from 'prefloss';
globalThis.calls ??= 0;
export default (logps) => {
  calls += 1;
  if (calls === 4) ${what}
  return dpo(logps);
};`;

  it.each(['Start', 'One step'])('ends a loop without end that a loss of the user begins later, keeping the curves: %s', (button) =>
    open(async (tab) => {
      await tab.page.clock.install();
      await tab.page.reload();
      await tab.write(inThirdUpdate('for (;;);'));
      await tab.start('wasm', { 'Preference updates': '9' }, button);
      if (button === 'One step') {
        for (const place of ['Fine-tuning: 1 of 2', 'Fine-tuning: 2 of 2', 'Preference training: 1 of 9', 'Preference training: 2 of 9']) {
          await tab.ends(`${place} updates, paused`);
          await tab.button('One step').click();
        }
      }
      await tab.ends('Preference training: 2 of 9 updates');
      await tab.page.clock.fastForward(15_000);
      expect(await tab.page.getByRole('alert').innerText()).toBe(
        'Stopped: the loss has not returned for 15 seconds. Does it loop without end?',
      );
      expect(await tab.status().innerText()).toBe('Preference training: 2 of 9 updates, stopped');
      expect(await tab.points('Preference training: loss')).toEqual([2, 1]); // training batches, held-out pairs
      await expect.poll(() => tab.page.workers().length, { timeout: 20_000 }).toBe(0);

      await tab.page.getByRole('combobox', { name: 'Loss' }).selectOption('dpo');
      await tab.start('wasm', { 'Preference updates': '2' }, 'Start over');
      await tab.ends('2 of 2 updates, done');
    }),
  );

  it('stops at a loss of the user that is NaN, and goes on', () =>
    open(async (tab) => {
      await tab.write(inThirdUpdate('return ops.mul(dpo(logps), NaN);'));
      await tab.start('wasm', { 'Preference updates': '4' });
      await tab.ends('Preference training: 2 of 4 updates, stopped');
      expect(await tab.page.getByRole('alert').innerText()).toMatch(
        /^after 2 updates, .* NaN.*: try a smaller learning rate\s+The state after 0 updates of preference training is kept/,
      );
      await tab.page.getByRole('spinbutton', { name: 'Learning rate' }).fill('1e-4');
      await tab.page.keyboard.press('Tab');
      await tab.button('Go on with learning rate 0.0001').click();
      await tab.ends('4 of 4 updates, done');
      expect(await tab.page.getByRole('alert').count()).toBe(0);
    }));

  it('names an error of a loss of the user with its line, and goes on', () =>
    open(async (tab) => {
      await tab.write(inThirdUpdate("throw new Error('not today');"));
      await tab.start('wasm', { 'Preference updates': '4' });
      await tab.ends('Preference training: 2 of 4 updates, stopped');
      expect(await tab.page.getByRole('alert').innerText()).toMatch(/^Line 5: not today\s+The state after 0 updates/);
      await tab.button('Go on with learning rate 0.001').click();
      await tab.ends('4 of 4 updates, done');
    }));

  it('trains on wasm in a page with SharedArrayBuffer, which the other tests do not have', () =>
    open(async (tab) => {
      expect(await tab.page.evaluate(() => 'SharedArrayBuffer' in globalThis)).toBe(false);
      await addHeaders(tab.page, ISOLATED);
      await tab.page.reload();
      expect(await tab.page.evaluate(() => 'SharedArrayBuffer' in globalThis)).toBe(true);
      await tab.start('wasm', { 'Preference updates': '2' });
      await tab.ends('2 of 2 updates, done');
    }));

  it('says that the policy of a site forbids WebAssembly', () =>
    open(async (tab) => {
      await addHeaders(tab.page, { 'content-security-policy': "script-src 'self' blob:" });
      await tab.page.reload();
      await tab.start('wasm', {});
      expect(await tab.page.getByRole('alert').innerText()).toBe(
        'WebAssembly does not start: this browser, or the policy of its site, forbids it.',
      );
    }));

  it('says that WebGPU is missing, and trains on wasm', async () => {
    const without = await startBrowser({ webgpu: false });
    try {
      await open(async (tab) => {
        await tab.start('webgpu', { 'Preference updates': '2' });
        await tab.ends('2 of 2 updates, done');
        const text = await tab.page.getByRole('region', { name: 'Progress' }).innerText();
        expect(text).toContain('on wasm');
        expect(text).toMatch(/WebGPU.*The model trains on wasm instead\.$/);
      }, without);
    } finally {
      await without.close();
    }
  });
});

/** In the page: keeps the losses that the worker reports, and in the worker the device that it gets, so that a test can destroy it. */
function recordReports(): void {
  const losses: number[] = [];
  Object.assign(globalThis, { losses });
  const createObjectURL = URL.createObjectURL.bind(URL);
  const keepDevice = `
    const requestDevice = globalThis.GPUAdapter?.prototype.requestDevice;
    if (requestDevice) GPUAdapter.prototype.requestDevice = async function (...args) {
      return (globalThis.device = await requestDevice.apply(this, args));
    };`;
  URL.createObjectURL = (blob) => createObjectURL(new Blob([keepDevice, blob as Blob], { type: 'text/javascript' }));
  const { Worker } = globalThis;
  globalThis.Worker = class extends Worker {
    constructor(...args: ConstructorParameters<typeof Worker>) {
      super(...args);
      this.addEventListener('message', ({ data }: MessageEvent<{ type: string; metrics: { loss: number } }>) => {
        if (data.type === 'batch') losses.push(data.metrics.loss);
      });
    }
  };
}
