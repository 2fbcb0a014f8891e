import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Program } from './kills.js';

/** Updates of the run: enough for a few seconds. */
const RUN = ['--sft-epochs', '1', '--steps', '60'];

/** The demo, examples/train-tiny-gpt. */
export const demo: Program = {
  weightsOnly: 'best.safetensors',
  start(out) {
    const root = fileURLToPath(new URL('../..', import.meta.url));
    // The command line of tsx would start another process, which would survive.
    const args = ['--import', 'tsx', 'examples/train-tiny-gpt/main.ts', ...RUN, '--out', out, '--resume'];
    return spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  },
  kill(run) {
    run.kill('SIGKILL');
    return Promise.resolve();
  },
};
