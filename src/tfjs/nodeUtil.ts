import { findBackendFactory, getBackend } from '@tensorflow/tfjs-core';

const PROBLEM =
  '@tensorflow/tfjs-node calls util.isNullOrUndefined, which Node.js 23 removed (tensorflow/tfjs#8609). Restore it before the first tensor: ' +
  "Object.assign(process.getBuiltinModule('util'), { isNullOrUndefined: (x) => x == null });";

/** The members of the global `process` that are used; browsers have none. */
interface Process {
  readonly getBuiltinModule?: (name: 'util') => { readonly isNullOrUndefined?: unknown };
}

function isMissing(): boolean {
  const { process } = globalThis as { readonly process?: Process };
  const util = process?.getBuiltinModule?.('util');
  return util !== undefined && !util.isNullOrUndefined;
}

/**
 * Warns if tfjs-node was loaded and cannot work with this version of Node.js. Without the warning, the first that one sees of it is a
 * TypeError somewhere in a model, before any function of this library runs.
 */
export function warnOfMissingUtil(): void {
  if (findBackendFactory('tensorflow') && isMissing()) console.warn(PROBLEM);
}

/** Throws if tfjs-node is the active backend and cannot work with this version of Node.js. */
export function checkNodeUtil(): void {
  if (getBackend() === 'tensorflow' && isMissing()) throw new Error(PROBLEM);
}
