import { readdirSync, readFileSync } from 'node:fs';

/** A process on this machine. */
export interface RunningProcess {
  readonly pid: number;
  /** The command and its arguments; none for a thread of the kernel. */
  readonly args: readonly string[];
}

/** The wanted processes on this machine. One that ends while it is looked at is left out. */
export const processes = (isWanted: (process: RunningProcess) => boolean): RunningProcess[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const args = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').slice(0, -1);
        const process = { pid: Number(name), args };
        return isWanted(process) ? [process] : [];
      } catch {
        return [];
      }
    });
