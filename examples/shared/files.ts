import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UsageError } from './usageError.js';

/** Creates the folder for the results, and removes temporary files that killed runs left in it. */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
    for (const name of readdirSync(path)) if (isAbandoned(name)) rmSync(join(path, name), { force: true });
  } catch (error) {
    throw new UsageError(`--out is "${path}", expected a folder that can be written to: ${(error as Error).message}`);
  }
}

/**
 * Replaces a file as a whole: writes a temporary file, waits until the disk has it, and renames it. So the previous file survives a full
 * disk, a crash and a loss of power, and no partial file takes its place.
 */
export function writeWhole(path: string, content: string | Uint8Array): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, content, { flush: true });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncFolder(dirname(path));
}

/** Waits until the disk knows the new name. Windows cannot open a folder for that. */
function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Whether a file is a temporary one of `writeWhole` whose process has ended. */
function isAbandoned(name: string): boolean {
  const pid = /\.(\d+)\.tmp$/.exec(name)?.[1];
  // The number of a process is used again, in a container nearly always.
  return pid !== undefined && (Number(pid) === process.pid || !isRunning(Number(pid)));
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // of another user
  }
}
