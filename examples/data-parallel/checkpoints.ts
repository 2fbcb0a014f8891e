import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { loadCheckpoint, saveCheckpoint, type CheckpointParts } from 'prefloss';
import { writeWhole } from '../shared/files.js';
import { fromFirst } from './exchange.js';
import { SharedError } from './job.js';
import type { Running } from './objectives.js';
import type { Workers } from './workers/workers.js';

/** How far a run is. */
export interface Progress {
  /** Number of updates. */
  readonly step?: number;
  readonly running?: Running;
}

/**
 * The options that a resumed run must have in common with the run before: with others, it would go on with other batches, and train on pairs
 * that were held out.
 */
type Setup = Readonly<Record<string, unknown>>;

/** The checkpoints of a run. */
export class Checkpoints {
  /**
   * @param folder - Folder of the files, which worker 0 alone reads and writes.
   */
  constructor(
    private readonly workers: Workers,
    private readonly folder: string,
  ) {}

  /** Replaces the file as a whole: a run that is killed leaves this one or the one before. */
  async save(name: string, parts: CheckpointParts, setup: Setup, progress: Progress = {}): Promise<void> {
    if (this.workers.rank === 0) writeWhole(this.pathOf(name), await saveCheckpoint(parts, { ...setup, ...progress }));
  }

  /** Loads the file into `parts` on all workers, and returns how far its run was; undefined if there is no file. */
  async load(name: string, parts: CheckpointParts, setup: Setup): Promise<Progress | undefined> {
    const path = this.pathOf(name);
    const isThere = this.workers.rank === 0 && existsSync(path);
    const bytes = await fromFirst(this.workers, isThere ? readFileSync(path) : new Uint8Array());
    if (bytes.length === 0) return undefined;
    const { step, running, ...saved } = await loadCheckpoint(bytes, parts).catch((error: unknown) => {
      throw new SharedError(`${path}: ${(error as Error).message}`); // the same bytes, so the same error, on every worker
    });
    if (!isDeepStrictEqual(saved, setup)) {
      throw new SharedError(`the options are ${JSON.stringify(setup)}, expected ${JSON.stringify(saved)} as in ${path}`);
    }
    return { step, running } as Progress;
  }

  private pathOf(name: string): string {
    return join(this.folder, `${name}.safetensors`);
  }
}
