/**
 * A browser and a Vulkan driver for tests on machines that have neither.
 *
 * The npm package `@sparticuz/chromium` contains a Chromium and SwiftShader, a Vulkan driver that runs on the CPU. They are unpacked
 * once per version, so that WebGPU runs in Node.js (npm `webgpu`) and in Chromium without installing system packages. Only for Linux on
 * x64; elsewhere `softwareGpu` returns undefined.
 */
import { execFileSync } from 'node:child_process';
import { createReadStream, createWriteStream, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { brotliDecompressSync, createBrotliDecompress } from 'node:zlib';

export interface SoftwareGpu {
  /** Path of the Chromium executable. */
  readonly chromium: string;
  /** Environment variables that a Node.js process needs at its start. */
  readonly env: { readonly VK_ICD_FILENAMES: string; readonly LD_LIBRARY_PATH: string };
}

export async function softwareGpu(): Promise<SoftwareGpu | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  const require = createRequire(import.meta.url);
  const pkg = join(dirname(require.resolve('@sparticuz/chromium')), '..', '..');
  const { version } = JSON.parse(readFileSync(join(pkg, 'package.json'), 'utf8')) as { version: string };
  const dir = join(pkg, '..', '..', '.cache', `software-gpu-${version}`); // node_modules/.cache
  if (!existsSync(dir)) await unpack(join(pkg, 'bin'), dir);
  return {
    chromium: join(dir, 'chromium'),
    env: {
      VK_ICD_FILENAMES: join(dir, 'vk_swiftshader_icd.json'),
      // dir has libvulkan.so.1, the loader; lib has nss, nspr and expat, for Chromium on systems without them.
      LD_LIBRARY_PATH: [dir, join(dir, 'lib'), process.env.LD_LIBRARY_PATH].filter(Boolean).join(':'),
    },
  };
}

async function unpack(bin: string, dir: string): Promise<void> {
  const tmp = `${dir}.${process.pid}`;
  rmSync(tmp, { recursive: true, force: true });
  mkdirSync(tmp, { recursive: true });
  for (const name of ['swiftshader', 'al2023', 'fonts']) {
    const input = brotliDecompressSync(readFileSync(join(bin, `${name}.tar.br`)));
    execFileSync('tar', ['-x', '--no-same-owner', '-C', tmp], { input });
  }
  await pipeline(
    createReadStream(join(bin, 'chromium.br')),
    createBrotliDecompress(),
    createWriteStream(join(tmp, 'chromium'), { mode: 0o755 }),
  );
  try {
    renameSync(tmp, dir);
  } catch (error) {
    // Another process may have been faster.
    rmSync(tmp, { recursive: true, force: true });
    if (!existsSync(dir)) throw error;
  }
}
