import type { Page } from 'playwright';
import { describe, expect, it } from 'vitest';
import { noBrowser, startBrowser, watch } from '../../tools/page.js';
import { exampleInBrowser } from '../support/exampleInBrowser.js';

if (noBrowser !== undefined) console.log(`Skipped: training in the playground, which ${noBrowser}.`);

/** Small enough for a software driver. */
const SMALL = { 'Learning rate': '1e-3', 'Pairs per update': '4', 'Held-out pairs': '4', 'Fine-tuning updates': '2' };

describe.skipIf(noBrowser !== undefined)('training in the playground', { timeout: 300_000 }, () => {
  const playground = exampleInBrowser('playground');

  /** The tab in a new page, with the losses of batches that its worker reports. Fails on errors and on requests to other origins. */
  async function open(use: (tab: Tab) => Promise<void>, on = playground.browser): Promise<void> {
    const page = await on.newPage({ viewport: { width: 390, height: 800 } });
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

    async start(backend: string, settings: Readonly<Record<string, string>>): Promise<void> {
      await this.page.getByRole('combobox', { name: 'Backend' }).selectOption(backend);
      for (const [label, value] of Object.entries({ ...SMALL, ...settings })) {
        await this.page.getByRole('spinbutton', { name: label }).fill(value);
      }
      await this.button('Start').click();
    }

    ends = (text: string) => this.page.getByRole('status').filter({ hasText: text }).waitFor({ timeout: 200_000 });
    losses = () => this.page.evaluate(() => (globalThis as unknown as { losses: number[] }).losses.splice(0));
  }

  it('trains on wasm, pauses, and starts over with the same numbers', () =>
    open(async (tab) => {
      await tab.start('wasm', { 'Preference updates': '30' });
      await tab.ends('Preference training:');
      await tab.button('Pause').click();
      await tab.ends('paused');
      await tab.page.waitForTimeout(500); // the update that was under way
      const paused = await tab.status().innerText();
      await tab.page.waitForTimeout(1500);
      expect(await tab.status().innerText()).toBe(paused);
      await tab.button('One step').click();
      await expect.poll(() => tab.status().innerText()).not.toBe(paused);
      await tab.button('Go on').click();
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

  it('trains on WebGPU, and goes on from its last checkpoint after the device is lost', () =>
    open(async (tab) => {
      await tab.start('webgpu', { 'Preference updates': '3' });
      await tab.ends('Preference training: 2 of');
      const worker = tab.page.workers()[0]!;
      await worker.evaluate(() => {
        (globalThis as unknown as { device: { destroy(): void } }).device.destroy();
      });
      await tab.page.getByRole('alert').waitFor();
      expect(await tab.page.getByRole('alert').innerText()).toMatch(
        /the device of the webgpu backend is lost[^]*The state after 0 updates of preference training is kept/,
      );
      const before = (await tab.losses()).slice(2); // after fine-tuning
      await tab.button('Go on with WebGPU').click();
      await tab.ends('3 of 3 updates, done');
      const after = await tab.losses();
      expect(after[0]).toBeCloseTo(Math.LN2, 5);
      expect(after).toHaveLength(3);
      // The same up to rounding: a GPU adds up the gradients of an embedding in any order.
      before.forEach((loss, i) => {
        expect(after[i]).toBeCloseTo(loss, 4);
      });
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

  it('says that WebGPU is missing, and trains on wasm', async () => {
    const without = await startBrowser({ webgpu: false });
    try {
      await open(async (tab) => {
        await tab.start('webgpu', { 'Preference updates': '2' });
        await tab.ends('2 of 2 updates, done');
        const text = await tab.page.getByRole('region', { name: 'Progress' }).innerText();
        expect(text).toContain('on wasm');
        expect(text).toMatch(/WebGPU.*The model trains on wasm instead\. wasm runs on one thread/);
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
