import { renameSync, writeFileSync } from 'node:fs';

/** Writes a file under another name first and renames it then, so that nobody ever finds it half-written. */
export function writeWhole(path: string, content: string | Uint8Array): void {
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, content);
  renameSync(temporary, path);
}
