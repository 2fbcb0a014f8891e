import { readFileSync } from 'node:fs';
import { arch, cpus, release, totalmem, type } from 'node:os';
import type { Environment } from './results.js';

const ROOT = new URL('../', import.meta.url);

function versionOf(manifest: string): string {
  return (JSON.parse(readFileSync(new URL(manifest, ROOT), 'utf8')) as { version: string }).version;
}

/** The machine and the versions behind the numbers; `python` holds the versions of the Python packages. */
export function environment(python: Readonly<Record<string, string>>): Environment {
  const cores = cpus();
  return {
    cpu: cores[0]?.model ?? 'unknown',
    cores: cores.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: `${type()} ${release()} ${arch()}`,
    node: process.version,
    versions: {
      prefloss: versionOf('package.json'),
      '@tensorflow/tfjs': versionOf('node_modules/@tensorflow/tfjs/package.json'),
      '@tensorflow/tfjs-node': versionOf('node_modules/@tensorflow/tfjs-node/package.json'),
      '@jax-js/jax': versionOf('node_modules/@jax-js/jax/package.json'),
      webgpu: versionOf('node_modules/webgpu/package.json'),
      ...python,
    },
  };
}
