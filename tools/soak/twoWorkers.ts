import { setTimeout as wait } from 'node:timers/promises';
import type { Mpi } from '../../examples/data-parallel/setup.js';
import type { Hosts } from '../../test/support/hosts.js';
import type { Program } from './kills.js';

/** Updates of the run: enough for a few seconds. */
const RUN = ['--sft-steps', '20', '--steps', '60'];

/** Two workers of examples/data-parallel on one host, one of which is killed. */
export const twoWorkers = (hosts: Hosts, { mpirun, library }: Mpi): Program => ({
  weightsOnly: 'sft.safetensors',
  start(out) {
    const main = [process.execPath, '--import', 'tsx', 'examples/data-parallel/main.ts', ...RUN, '--out', out, '--resume'];
    return hosts.mpirun(mpirun, ['-n', '2', ...main], { LIBMPI: library });
  },
  async kill(_, random) {
    const workers = hosts.processes(0).filter(({ args: [command] }) => command === process.execPath);
    const worker = workers[Math.floor(random * workers.length)];
    if (worker) process.kill(worker.pid, 'SIGKILL');
    while (hosts.processes(0).length > 0) await wait(20);
  },
});
