import { readFileSync } from 'node:fs';
import { softwareGpu } from '../software-gpu.js';

const root = new URL('../../', import.meta.url);
const PACKAGES = ['@tensorflow/tfjs', '@tensorflow/tfjs-node', '@jax-js/jax', 'webgpu', '@sparticuz/chromium'];
const versionOf = (name: string): string =>
  (JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, root), 'utf8')) as { version: string }).version;

/** The software that a measurement depends on. */
export interface Software {
  readonly versions: Readonly<Record<string, string>>;
  /** Whether the GPU of the webgpu and browser projects is software, SwiftShader. */
  readonly isSoftwareGpu: boolean;
}

export const software = async (): Promise<Software> => ({
  versions: Object.fromEntries(PACKAGES.map((name) => [name, versionOf(name)])),
  isSoftwareGpu: (await softwareGpu()) !== undefined,
});

/** The software in words. */
export function inWords({ versions, isSoftwareGpu }: Software): string {
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `WebGPU and WebGL ran on ${isSoftwareGpu ? 'SwiftShader, a GPU driver in software' : 'a GPU'}. Versions: ${packages.join(', ')}.`;
}
