import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../support/runExample.js';
import { addHeaders, buildAndServe, ISOLATED, noBrowser, openPage, startBrowser, type ServedPage } from '../../tools/page.js';

if (noBrowser !== undefined) console.log(`Skipped: the browser starter, which ${noBrowser}.`);

describe.skipIf(noBrowser !== undefined)('examples/browser-starter', () => {
  let served: ServedPage;
  beforeAll(async () => {
    served = await buildAndServe(join(ROOT, 'examples/browser-starter'));
  }, 180_000);
  afterAll(() => served.stop());

  it.each([
    ['webgpu', true, {}],
    ['wasm', false, {}],
    ['wasm', false, ISOLATED],
  ] as const)('trains on %s (WebGPU: %s, headers: %o)', async (backend, webgpu, headers) => {
    const browser = await startBrowser({ webgpu });
    try {
      const page = await openPage(browser);
      await addHeaders(page, headers);
      const problems: string[] = [];
      page.on('pageerror', ({ message }) => problems.push(message));
      const elsewhere: string[] = [];
      page.on('request', (request) => {
        if (!request.url().startsWith(served.url)) elsewhere.push(request.url());
      });
      await page.goto(served.url);
      await page.getByText('step 20:').waitFor();
      const lines = (await page.getByRole('log').innerText()).trim().split('\n');
      expect(lines[0]).toBe(`on ${backend}`);
      expect(lines[1]).toBe('step 0: loss 0.693, margin 0.000');
      const [, loss, margin] = /loss ([\d.]+), margin ([\d.]+)$/.exec(lines.at(-1)!)!.map(Number);
      expect(loss).toBeLessThan(0.6);
      expect(margin).toBeGreaterThan(0.2);
      expect(problems).toEqual([]);
      expect(elsewhere).toEqual([]);
    } finally {
      await browser.close();
    }
  });
});
