import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { UsageError } from './usageError.js';

/** Makes the folder for the results. */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw new UsageError(`--out is "${path}", expected a folder that can be written to: ${(error as Error).message}`);
  }
}

/** Writes a file under another name first and renames it then: on a full disk the file of before stays, and nothing is left half-written. */
export function writeWhole(path: string, content: string | Uint8Array): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, content);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
