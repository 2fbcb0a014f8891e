import { createServer, type Server } from 'node:http';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import type { AddressInfo } from 'node:net';
import { chromium, type Browser } from 'playwright';
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
    ...(soft && { executablePath: soft.chromium, env: { ...process.env, ...soft.env } as Record<string, string> }),
    args: ['--no-sandbox', ...(webgpu ? gpu : ['--disable-features=WebGPU'])],
  });
}

/** A page that was built and is served. */
export interface ServedPage {
  readonly url: string;
  stop(): Promise<void>;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
};

/** Builds the page of a folder with Vite, and serves it. `prefloss` is the sources. */
export async function buildAndServe(root: string): Promise<ServedPage> {
  const outDir = mkdtempSync(join(tmpdir(), 'prefloss-page-'));
  await build({
    root,
    logLevel: 'error',
    resolve: { tsconfigPaths: true },
    build: { outDir, emptyOutDir: true, reportCompressedSize: false },
  });
  const server = createServer(({ url }, response) => {
    const { pathname } = new URL(url!, 'http://localhost');
    const path = join(outDir, pathname === '/' ? 'index.html' : pathname);
    if (!existsSync(path)) return response.writeHead(404).end();
    return response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'application/octet-stream' }).end(readFileSync(path));
  });
  const port = await listening(server);
  return {
    url: `http://localhost:${port}/`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(outDir, { recursive: true });
    },
  };
}

const listening = (server: Server): Promise<number> =>
  new Promise((resolve) => server.listen(0, 'localhost', () => { resolve((server.address() as AddressInfo).port); })); // prettier-ignore
