import type { EngineName } from '../../test/support/bounds.js';

/** The projects of vitest.config.ts that are measured. */
export const PROJECTS = [
  'arrays',
  'tensors',
  'cpu',
  'wasm',
  'tfjs-node',
  'webgpu',
  'browser-webgpu',
  'browser-webgl',
  'jax',
  'browser-jax',
] as const;
export type Project = (typeof PROJECTS)[number];

/** The engine of a project: WebGPU is measured in Node.js and in a browser; plain lists and `{ data, dims }` share their arithmetic. */
export const engineOf = (project: Project): EngineName => {
  if (project === 'tensors') return 'arrays';
  return project === 'browser-jax' ? 'jax-webgpu' : (project.replace('browser-', '') as EngineName);
};
export const ENGINES = [...new Set(PROJECTS.map(engineOf))];
