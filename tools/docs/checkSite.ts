// Checks the site that `npm run docs` has built: links and anchors, search, and each kind of page in a browser.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright';
import { noBrowser, openPage, serve, startBrowser, watch } from '../page.js';

const site = fileURLToPath(new URL('../../site', import.meta.url));
const problems: string[] = [];

/** Links and images that lead nowhere, and anchors that the page does not have. */
function checkLinks(): void {
  const pages = readdirSync(site, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.html') && !file.startsWith('playground'),
  );
  const html = new Map(pages.map((page) => [page, readFileSync(join(site, page), 'utf8')]));
  const anchors = new Map(
    [...html].map(([page, text]) => [page, new Set([...text.matchAll(/\sid="([^"]+)"/g)].map((match) => match[1]!))]),
  );
  for (const [page, text] of html) {
    const links = new Set([...text.matchAll(/<(?:a|img|iframe)\s[^>]*?(?:href|src)="([^"]+)"/g)].map((match) => match[1]!));
    for (const link of [...links].filter((href) => !/^(https?|data|mailto):/.test(href))) {
      const [path, anchor] = link.split('#') as [string, string?];
      const target =
        path === '' ? page : posix.join(path.startsWith('/') ? '.' : posix.dirname(page), path.endsWith('/') ? `${path}index.html` : path);
      if (target.startsWith('playground')) continue; // checked in the browser
      if (!existsSync(join(site, target))) problems.push(`${page}: ${link} does not exist`);
      else if (anchor && !anchors.get(target)?.has(decodeURIComponent(anchor))) problems.push(`${page}: ${link} has no such anchor`);
    }
  }
  console.log(`${pages.length} pages, their links and anchors`);
}

/** One page of each kind. */
const KINDS = {
  landing: '',
  guide: 'log-probs.html',
  accuracy: 'accuracy.html',
  migration: 'migration.html',
  models: 'models.html',
  tables: 'troubleshooting.html',
  choosing: 'choosing.html',
  losses: 'losses.html',
  loss: 'losses/rpoForwardKl.html',
  performance: 'performance.html',
  scale: 'scale.html',
  api: 'api/',
  apiModule: 'api/index/',
  apiFunction: 'api/index/functions/dpo.html',
  apiType: 'api/index/interfaces/Backend.html',
  apiProperties: 'api/index/interfaces/PackedSequenceBatch.html',
  playground: 'playground.html',
};

/** Searches for a word, and returns the addresses of what is found. */
async function search(page: Page, word: string): Promise<string[]> {
  await page.keyboard.press('Control+k');
  await page.locator('.search-input').fill(word);
  await page.locator('.VPLocalSearchBox .result').first().waitFor();
  await page.waitForTimeout(500); // the list is filled after a pause in typing
  return page.locator('.VPLocalSearchBox .result').evaluateAll((links) => links.map((link) => link.getAttribute('href')!));
}

/** What is wider than the page, apart from what scrolls in a box of its own; and tables that scroll, if they should fit. */
const tooWide = (page: Page, tablesFit: boolean): Promise<string[]> =>
  page.evaluate((fit) => {
    const width = document.documentElement.clientWidth;
    const all = [...document.querySelectorAll('.vp-doc *')];
    const boxes = all.filter((element) => /auto|scroll/.test(getComputedStyle(element).overflowX));
    const found = all.filter(
      (element) =>
        (element.getBoundingClientRect().right > width + 1 ||
          (element.tagName === 'PRE' && element.scrollWidth > element.clientWidth + 1)) &&
        !boxes.some((box) => box.contains(element)),
    );
    const tables = fit ? boxes.filter((box) => box.className === 'table' && box.scrollWidth > box.clientWidth + 1) : [];
    return [
      ...found.slice(0, 1).map((element) => `<${element.tagName}> is wider than the page: ${element.textContent.slice(0, 60)}`),
      ...tables.map((box) => `a table does not fit: ${box.textContent.trim().slice(0, 60)}`),
    ];
  }, tablesFit);

/** Names that a narrow column of a table breaks in two. */
const brokenNames = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll('.vp-doc td code')].flatMap((code) => {
      const texts = document.createTreeWalker(code, NodeFilter.SHOW_TEXT);
      const broken: string[] = [];
      const range = document.createRange();
      while (texts.nextNode()) {
        for (const { 0: name, index } of texts.currentNode.textContent!.matchAll(/\w+/g)) {
          range.setStart(texts.currentNode, index);
          range.setEnd(texts.currentNode, index + name.length);
          if (new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size > 1) broken.push(name);
        }
      }
      return broken;
    }),
  );

/** Opens a page of the site, and waits until it responds: its text is there before its scripts have run. */
async function open(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.waitForFunction(() => '__vue_app__' in document.querySelector('#app')!);
  await page.evaluate(() => document.fonts.ready.then(() => undefined));
}

async function visit(browser: Browser, url: string, width: number, colorScheme: 'light' | 'dark'): Promise<void> {
  const page = await openPage(browser, { viewport: { width, height: 900 }, colorScheme });
  let at = '';
  watch(page, url, (problem) => problems.push(`${at}: ${problem}`));
  for (const [kind, path] of Object.entries(KINDS)) {
    at = `${kind}, ${width} px, ${colorScheme}`;
    await open(page, url + path);
    if (kind === 'playground') await page.frameLocator('iframe').locator('path.line').first().waitFor({ state: 'attached' });
    for (const wide of await tooWide(page, width >= 1280)) problems.push(`${at}: ${wide}`);
    for (const name of await brokenNames(page)) problems.push(`${at}: a table breaks the name ${name}`);
    const isDark = await page.evaluate(() => document.documentElement.classList.contains('dark'));
    if (isDark !== (colorScheme === 'dark')) problems.push(`${at}: the page is ${isDark ? 'dark' : 'light'}`);
    if (kind === 'loss' && (await page.locator('.formula .katex').count()) === 0) problems.push(`${at}: the formula is not typeset`);
    if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, `${kind}-${width}-${colorScheme}.png`) });
  }
  at = `search, ${width} px, ${colorScheme}`;
  await open(page, url);
  for (const word of ['sigmoid_norm', 'lora', 'webgpu']) {
    const found = await search(page, word);
    const guides = found.filter((href) => !href.includes('/api/'));
    if (guides.length === 0 || guides.length === found.length)
      problems.push(`${at}: ${word} finds ${guides.length} guides of ${found.length} pages`);
    if (process.env.SCREENSHOTS)
      await page.screenshot({ path: join(process.env.SCREENSHOTS, `search-${word}-${width}-${colorScheme}.png`) });
    await page.keyboard.press('Escape');
  }
  await page.close();
}

/** Visits the site in a browser, or says why not. */
async function checkInBrowser(): Promise<void> {
  if (noBrowser !== undefined) {
    console.log(`Skipped: the visits, which ${noBrowser}.`);
    return;
  }
  const browser = await startBrowser();
  const served = await serve(site);
  try {
    for (const width of [1280, 390]) for (const scheme of ['light', 'dark'] as const) await visit(browser, served.url, width, scheme);
    console.log(`${Object.keys(KINDS).length} kinds of pages and the search, at 1280 and 390 px, light and dark`);
  } finally {
    await browser.close();
    await served.stop();
  }
}

if (!existsSync(site)) throw new Error('there is no site/: run `npm run docs`');
checkLinks();
await checkInBrowser();
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
