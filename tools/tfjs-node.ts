import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

/** Whether the native addon of `@tensorflow/tfjs-node`, which its npm package lacks, is installed. */
export function hasTfjsNode(): boolean {
  const folder = dirname(require.resolve('@tensorflow/tfjs-node/package.json'));
  return existsSync(join(folder, 'lib', 'napi-v8', 'tfjs_binding.node'));
}

/** Loads `@tensorflow/tfjs-node`, which registers its backend `tensorflow` and the gradients. */
export async function loadTfjsNode(): Promise<void> {
  // Node.js 23 dropped this function, and tfjs-node calls it in nearly every operation.
  const util = require('node:util') as { isNullOrUndefined?: (value: unknown) => boolean };
  util.isNullOrUndefined = (value) => value === null || value === undefined;
  await import('@tensorflow/tfjs-node');
}
