import {
  appendFileSync,
  closeSync,
  createReadStream,
  createWriteStream,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
} from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseJsonlStream, type ReferenceRow } from 'prefloss';

/** The rows of a file, one at a time; none if there is no file. */
export async function* readRows(path: string): AsyncGenerator<ReferenceRow> {
  if (existsSync(path)) yield* parseJsonlStream(createReadStream(path), { name: path }) as AsyncGenerator<ReferenceRow>;
}

/** Adds rows to a file. */
export function appendRows(path: string, rows: readonly ReferenceRow[]): void {
  appendFileSync(path, rows.map(lineOf).join(''));
}

/** Removes a last line that a killed process has written only in part. */
export function cutLastLine(path: string): void {
  if (!existsSync(path)) return;
  const file = openSync(path, 'r+');
  try {
    const { size } = fstatSync(file);
    const end = Buffer.alloc(Math.min(size, LONGEST_LINE));
    readSync(file, end, 0, end.length, size - end.length);
    ftruncateSync(file, size - end.length + end.lastIndexOf('\n') + 1);
  } finally {
    closeSync(file);
  }
}

const LONGEST_LINE = 4096; // a row has about 100 characters

/** Writes rows as they come into a file that takes its name when it is complete. */
export async function writeRows(path: string, rows: AsyncIterable<ReferenceRow>): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  await pipeline(Readable.from(lines(rows)), createWriteStream(temporary, { flush: true }));
  renameSync(temporary, path);
}

async function* lines(rows: AsyncIterable<ReferenceRow>): AsyncGenerator<string> {
  for await (const row of rows) yield lineOf(row);
}

const lineOf = (row: ReferenceRow): string => `${JSON.stringify(row)}\n`;
