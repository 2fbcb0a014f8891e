import { execFileSync } from 'node:child_process';

/**
 * The start of a command line that runs a command in a network namespace with loopback alone, because `mpirun` listens on every interface;
 * or the reason why there is none.
 */
export function loopback(): { readonly prefix: readonly string[] } | { readonly skipped: string } {
  let problem = '';
  // As root, or else as root of a namespace of users.
  for (const flags of ['-n', '-rn']) {
    const prefix = ['unshare', flags, 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'];
    try {
      execFileSync(prefix[0]!, [...prefix.slice(1), 'true'], { stdio: 'pipe', encoding: 'utf8' });
      return { prefix };
    } catch (error) {
      problem = (error as Error).message.trim().split('\n').at(-1)!;
    }
  }
  return { skipped: `no network namespace: ${problem}` };
}
