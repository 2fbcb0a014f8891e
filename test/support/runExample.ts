import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** Folder of the repository. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Runs an example as its page says: from the root of the repository, where tsconfig.json resolves `prefloss` to the sources. */
export function runExample(example: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const tsx = createRequire(import.meta.url).resolve('tsx/cli');
  const options = { cwd: ROOT, encoding: 'utf8', env: { ...process.env, ...env } } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [tsx, `examples/${example}`, ...args], options);
  return { status, stdout, stderr };
}
