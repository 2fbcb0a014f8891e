import { createServer, type Server } from 'node:http';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import type { AddressInfo } from 'node:net';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright';
import { build } from 'vite';
import { softwareGpu } from './software-gpu.js';

const soft = await softwareGpu();

/** Why there is no browser to test pages in; undefined if there is one. */
export const noBrowser =
  soft !== undefined || existsSync(chromium.executablePath()) ? undefined : 'needs a Chromium (npx playwright install chromium)';

/** Starts a Chromium with WebGPU on the software driver, if there is no other; or without WebGPU. */
export function startBrowser({ webgpu = true } = {}): Promise<Browser> {
  const gpu = ['--enable-unsafe-webgpu', ...(soft ? ['--use-webgpu-adapter=swiftshader', '--use-angle=swiftshader'] : [])];
  return chromium.launch({
    ...(soft && { executablePath: soft.chromium, env: { ...process.env, ...soft.env } }),
    args: ['--no-sandbox', ...(webgpu ? gpu : ['--disable-features=WebGPU'])],
  });
}

/** Opens a page that waits for two minutes, where Playwright gives up after 30 s: machines are shared, and the GPU is software. */
export async function openPage(browser: Browser, options?: BrowserContextOptions): Promise<Page> {
  const page = await browser.newPage(options);
  page.setDefaultTimeout(120_000);
  return page;
}

/** A folder of static files that is served. */
export interface ServedPage {
  readonly url: string;
  stop(): Promise<void>;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};

/** Serves a folder of static files. */
export async function serve(folder: string): Promise<ServedPage> {
  const server = createServer(({ url }, response) => {
    const pathname = decodeURIComponent(new URL(url!, 'http://localhost').pathname);
    const path = join(folder, pathname.endsWith('/') ? `${pathname}index.html` : pathname);
    if (!existsSync(path)) return response.writeHead(404).end();
    return response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'application/octet-stream' }).end(readFileSync(path));
  });
  const port = await listening(server);
  return {
    url: `http://localhost:${port}/`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Builds the page of a folder with Vite, and serves it. `prefloss` is the sources. */
export async function buildAndServe(root: string): Promise<ServedPage> {
  const outDir = mkdtempSync(join(tmpdir(), 'prefloss-page-'));
  await build({
    root,
    logLevel: 'error',
    resolve: { tsconfigPaths: true },
    build: { outDir, emptyOutDir: true, reportCompressedSize: false },
  });
  const served = await serve(outDir);
  return {
    url: served.url,
    stop: async () => {
      await served.stop();
      rmSync(outDir, { recursive: true });
    },
  };
}

/** Adds headers to all that a page loads, such as those that make it cross-origin isolated. */
export const addHeaders = (page: Page, headers: Readonly<Record<string, string>>): Promise<unknown> =>
  page.route('**/*', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, headers: { ...response.headers(), ...headers } });
  });

/** With these headers, a page has `SharedArrayBuffer`. */
export const ISOLATED = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };

/** Reports what should not happen in a page: errors, messages of these kinds in the console, and requests to other origins. */
export function watch(page: Page, url: string, report: (problem: string) => void, kinds: readonly string[] = ['error']): void {
  page.on('pageerror', ({ message }) => {
    report(message);
  });
  page.on('console', (message) => {
    if (kinds.includes(message.type())) report(message.text());
  });
  page.on('request', (request) => {
    if (![url, 'blob:', 'data:'].some((start) => request.url().startsWith(start))) report(request.url());
  });
}

const listening = (server: Server): Promise<number> =>
  new Promise((resolve) => server.listen(0, 'localhost', () => { resolve((server.address() as AddressInfo).port); })); // prettier-ignore
