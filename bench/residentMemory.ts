import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Whether a process can read and reset its peak of resident memory: Linux only. */
export const HAS_RESIDENT_PEAK = process.platform === 'linux';

const FREED_MS = 200;

/** Runs `f` and returns the peak of resident memory during it, in bytes beyond what was resident before. */
export async function peakOfResidentMemory(f: () => Promise<void>): Promise<number> {
  globalThis.gc?.();
  await sleep(FREED_MS); // another thread frees the buffers
  writeFileSync('/proc/self/clear_refs', '5'); // resets VmHWM
  const before = memory('VmRSS');
  await f();
  return memory('VmHWM') - before;
}

/** Bytes that Linux reports for this process: VmRSS is the current resident memory, VmHWM its peak. */
function memory(field: 'VmRSS' | 'VmHWM'): number {
  const kB = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  if (kB === undefined) throw new Error(`/proc/self/status has no ${field}`);
  return 1024 * Number(kB);
}
