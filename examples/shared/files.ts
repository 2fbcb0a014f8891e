import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { UsageError } from './usageError.js';

/** Creates the folder for the results. */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw new UsageError(`--out is "${path}", expected a folder that can be written to: ${(error as Error).message}`);
  }
}

/** Writes a temporary file and then renames it, so that the previous file survives a full disk and no partial file is left. */
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
