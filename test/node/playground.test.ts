import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright';
import { describe, expect, it } from 'vitest';
import { losses, type LossEntry } from '../../src/core.js';
import { noBrowser, openPage, watch } from '../../tools/page.js';
import { exampleInBrowser } from '../support/exampleInBrowser.js';

if (noBrowser !== undefined) console.log(`Skipped: the playground, which ${noBrowser}.`);

describe.skipIf(noBrowser !== undefined)('the playground', { timeout: 300_000 }, () => {
  const playground = exampleInBrowser('playground');

  /** Opens a view. Fails on errors in the console, and on requests to other origins. */
  async function open(hash: string, use: (page: Page) => Promise<void>, { width = 1280, expected = [] as RegExp[] } = {}): Promise<void> {
    const page = await openPage(playground.browser, { viewport: { width, height: 900 } });
    const problems: string[] = [];
    watch(page, playground.served.url, (problem) => problems.push(problem), ['error', 'warning']);
    try {
      await page.goto(`${playground.served.url}#${hash}`);
      await use(page);
      expect(problems.filter((problem) => !expected.some((known) => known.test(problem)))).toEqual([]);
    } finally {
      await page.close();
    }
  }

  const curves = (page: Page, names: string) => page.getByRole('region', { name: `Curves of ${names}` });
  /** The lines of the charts, as SVG paths, once they are drawn. */
  async function paths(page: Page, names: string): Promise<string[]> {
    const lines = curves(page, names).locator('path.line');
    await lines.first().waitFor({ state: 'attached' });
    return lines.evaluateAll((all) => all.map((line) => line.getAttribute('d')!));
  }

  it('loads less than 300 kB of script, compressed, before the curves are there', async () => {
    const page = await openPage(playground.browser);
    const scripts: Promise<Buffer>[] = [];
    page.on('response', (response) => {
      if (response.request().resourceType() === 'script') scripts.push(response.body());
    });
    await page.goto(playground.served.url);
    await curves(page, 'dpo and hinge').waitFor();
    await page.locator('.formula .katex').first().waitFor();
    const size = (await Promise.all(scripts)).reduce((sum, body) => sum + gzipSync(body).length, 0);
    await page.close();
    expect(size).toBeGreaterThan(10_000);
    expect(size).toBeLessThan(300_000);
  });

  it('draws every loss, finite all along', async () => {
    await open('shape?a=dpo', async (page) => {
      for (const name of Object.keys(losses)) {
        await page.getByRole('combobox', { name: 'Loss', exact: true }).selectOption(name);
        const lines = await paths(page, name);
        const { kind, fields }: LossEntry = losses[name as keyof typeof losses];
        // Losses with a label have a curve for each of its two values.
        expect(lines.length, name).toBe(kind === 'examples' || fields.includes('tie') ? 4 : 2);
        for (const line of lines) {
          expect(line, name).not.toContain('NaN');
          expect(line.split('L').length, name).toBe(161); // a point that is not finite is left out
        }
        await page.locator(`.formula[aria-label="Formula of ${name}"] .katex`).first().waitFor();
      }
    });
  });

  it('moves the curve with an option, by keyboard, and keeps it in the address', async () => {
    await open('shape?a=dpo', async (page) => {
      const before = await paths(page, 'dpo');
      await page.getByRole('slider', { name: 'preference' }).press('ArrowLeft');
      await expect.poll(() => paths(page, 'dpo')).not.toEqual(before);
      const after = await paths(page, 'dpo');
      expect(page.url()).toContain('a.preference=0.99');
      await page.reload();
      expect(await paths(page, 'dpo')).toEqual(after);
      await page.getByRole('button', { name: 'Defaults' }).click();
      await expect.poll(() => paths(page, 'dpo')).toEqual(before);
    });
  });

  it('overlays two losses with the same axis, and separates others', async () => {
    await open('shape?a=dpo&b=ipo', async (page) => {
      expect((await paths(page, 'dpo and ipo')).length).toBe(4);
      await page.getByRole('combobox', { name: 'Compare with' }).selectOption('simpo');
      expect((await paths(page, 'dpo')).length).toBe(2);
      expect((await paths(page, 'simpo')).length).toBe(2);
      expect(await curves(page, 'simpo').locator('.mark').count()).toBe(16); // eight pairs in two charts
      await page.getByRole('checkbox').uncheck();
      await expect.poll(() => page.locator('.mark').count()).toBe(0);
    });
  });

  it('says loss and slope at a place of the axis', async () => {
    await open('shape?a=dpo', async (page) => {
      const row = curves(page, 'dpo').getByRole('row', { name: /^dpo/ });
      expect(await row.textContent()).toBe('dpo0.6931-0.05');
      await curves(page, 'dpo').getByRole('slider').press('End');
      await expect.poll(() => row.textContent()).toBe('dpo0.002476-2.5e-4');
    });
  });

  it('moves between the tabs by keyboard', async () => {
    await open('', async (page) => {
      await page.getByRole('tab', { name: 'Shape of a loss' }).press('End');
      const own = page.getByRole('tab', { name: 'Write your own' });
      await expect.poll(() => own.getAttribute('aria-selected')).toBe('true');
      await expect.poll(() => own.evaluate((tab) => document.activeElement === tab)).toBe(true);
      await page.getByRole('textbox', { name: 'Source of the loss' }).waitFor();
      await own.press('ArrowLeft');
      await expect.poll(() => page.getByRole('tab', { name: 'Train here' }).getAttribute('aria-selected')).toBe('true');
    });
  });

  it('says that a tab cannot be loaded', async () => {
    await open(
      '',
      async (page) => {
        await page.route('**/TrainTab*.js', (route) => route.abort());
        await page.getByRole('tab', { name: 'Train here' }).click();
        const alert = page.getByRole('alert');
        await alert.waitFor();
        expect(await alert.textContent()).toMatch(/^This tab could not be loaded: /);
        await page.getByRole('tab', { name: 'Shape of a loss' }).click();
        expect((await paths(page, 'dpo and hinge')).length).toBe(4);
      },
      { expected: [/Failed to load resource/] },
    );
  });

  it.each([1280, 390])('needs no horizontal scrolling at %i px', async (width) => {
    for (const hash of ['shape?a=kto&b=simpo', 'shape?a=exo', 'train', 'own']) {
      await open(
        hash,
        async (page) => {
          await page.getByRole('tabpanel').locator('label:visible').first().waitFor();
          if (hash === 'own') await run(page);
          expect(await page.evaluate(() => document.documentElement.scrollWidth), hash).toBeLessThanOrEqual(width);
        },
        { width },
      );
    }
  });

  /** Replaces the source by another one, runs it, and waits until it is over. */
  async function run(page: Page, source?: string): Promise<void> {
    const editor = page.getByRole('textbox', { name: 'Source of the loss' });
    await editor.click();
    if (source !== undefined) {
      await page.keyboard.press('Control+a');
      await page.keyboard.insertText(source);
    }
    await page.keyboard.press('Control+Enter');
    await page.locator('[role=status]:visible', { hasText: 'Done.' }).or(page.getByRole('alert')).first().waitFor({ timeout: 60_000 });
  }

  it('examines each variant that it offers, and finds no problems', async () => {
    await open('own', async (page) => {
      const choice = page.getByRole('combobox', { name: 'Start from' });
      await choice.waitFor();
      const names = await choice.locator('option').allTextContents();
      expect(names.length).toBe(4);
      for (const name of names) {
        await choice.selectOption(name);
        await run(page);
        expect((await paths(page, name)).map((line) => line.split('L').length)).toEqual([121, 121]);
        expect(await page.getByRole('heading', { name: 'No problems found' }).count(), name).toBe(1);
        expect(await page.locator('.error').count(), name).toBe(0);
      }
    });
  });

  it('finds no wrong gradient in a margin that is clipped at a round number', async () => {
    await open('own', async (page) => {
      const source = `import { logRatioMargin, ops } from 'prefloss';
export default function capped(logps) {
  return ops.scope(logps.policy.chosen, () => ops.softplus(ops.neg(ops.minimum(logRatioMargin(logps), 1))));
}`;
      await run(page, source);
      expect(await page.getByText('The gradients agree with central differences').count()).toBe(1);
    });
  });

  it('draws the curve of a loss that was typed, and reports what is wrong with it', async () => {
    await open('own', async (page) => {
      await run(
        page,
        "import { logRatioMargin } from 'prefloss';\nexport default function rising(logps) { return logRatioMargin(logps); }",
      );
      const [line] = await paths(page, 'rising');
      const heights = [...line!.matchAll(/,([\d.]+)/g)].map(([, y]) => Number(y));
      expect(heights.every((y, i) => i === 0 || y < heights[i - 1]!)).toBe(true); // up is a smaller y
      expect(await page.locator('pre').textContent()).toContain('direction: where the policy is behind');
    });
  });

  const MISTAKES = {
    'an error of the library': [
      "import { dpo } from 'prefloss';\n\nexport default (logps) => dpo(logps, { beta: -1 });",
      'Line 3: RangeError: dpo: beta must be finite and > 0, got -1',
    ],
    'an error of its own': [
      "export default function broken(logps: unknown): number[] {\n  throw new Error('not yet');\n}",
      'Line 2: not yet',
    ],
    'a mistake of syntax': ['export default function broken( {\n  return 1 +;\n}', /^Line \d: /],
    'no loss': ['const loss = 1;', 'The variant exports no loss: write `export default` before its function.'],
    'an unknown module': ["import 'left-pad';", "cannot import 'left-pad', expected prefloss or prefloss/core or prefloss/testing"],
    'an unknown kind': [
      "export const kind = 'words';\nexport default () => 1;",
      'kind must be one of pairs, referenceFreePairs, got "words"',
    ],
  } as const;
  it.each(Object.entries(MISTAKES))('names %s', async (_, [source, message]) => {
    await open('own', async (page) => {
      await run(page, source);
      const text = await page.getByRole('alert').textContent();
      if (typeof message === 'string') expect(text).toContain(message);
      else expect(text).toMatch(message);
    });
  });

  it('names values that are not numbers', async () => {
    await open('own', async (page) => {
      const source = `import { logRatioMargin, ops } from 'prefloss';
export default function root(logps) { return ops.scope(logps.policy.chosen, () => ops.sqrt(logRatioMargin(logps))); }`;
      await run(page, source);
      expect(await curves(page, 'root').locator('.error').textContent()).toContain('The loss is NaN at margin of log-ratios, nats -60');
      expect(await page.getByText(/^Not finite at -1e5/).count()).toBe(1);
    });
  });

  it('ends a loop without end, and runs the next source', async () => {
    await open('own', async (page) => {
      await run(page, 'export default function forever() { for (;;); }');
      expect(await page.getByRole('alert').textContent()).toContain('Stopped: the loss gave no answer for 5 seconds.');
      await page.getByRole('combobox', { name: 'Start from' }).selectOption('roundedIpo');
      await run(page);
      expect((await paths(page, 'roundedIpo')).length).toBe(2);
    });
  });

  it('lets nothing that the user wrote reach another origin', async () => {
    let reached = 0;
    const server = createServer((_, response) => {
      reached += 1;
      response.writeHead(200, { 'access-control-allow-origin': '*', 'content-type': 'text/javascript' }).end('export {};');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const other = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    await fetch(other);
    expect(reached).toBe(1);
    const source = `import { dpo } from 'prefloss';
fetch('${other}').catch(() => {});
import('${other}').catch(() => {});
try { new WebSocket('${other.replace('http', 'ws')}'); } catch {}
try { new Worker('${playground.served.url}index.html', { type: 'module' }); } catch {}
export default (logps) => {
  const request = new XMLHttpRequest();
  request.open('GET', '${other}', false);
  request.send();
  return dpo(logps);
};`;
    // The policy reports each violation in the console, and Playwright the requests that it blocks.
    const expected = [/Content Security Policy/, /Failed to load|Fetch API cannot load/, new RegExp(`^${other}`)];
    await open(
      'own',
      async (page) => {
        await run(page, source);
        expect(await page.getByRole('alert').textContent()).toMatch(/^Line 9: NetworkError/);
      },
      { expected },
    );
    await new Promise((resolve) => server.close(resolve));
    expect(reached).toBe(1);
  });

  it('forbids eval', async () => {
    await open(
      'own',
      async (page) => {
        await run(page, "export default () => Function('return 1')();");
        expect(await page.getByRole('alert').textContent()).toMatch(/EvalError/);
      },
      { expected: [/Content Security Policy/] },
    );
  });

  it('hands a variant to training', async () => {
    await open('own', async (page) => {
      await page.getByRole('combobox', { name: 'Start from' }).selectOption('anchoredDpo');
      await page.getByRole('button', { name: 'Train with it' }).click();
      await expect.poll(() => page.getByRole('tab', { name: 'Train here' }).getAttribute('aria-selected')).toBe('true');
      await page.getByRole('tabpanel').getByText('anchoredDpo').first().waitFor({ state: 'attached' });
    });
  });
});
