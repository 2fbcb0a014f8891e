import { existsSync, readFileSync } from 'node:fs';
import { loadCheckpoint, type CheckpointParts, type EarlyStopping } from 'prefloss';
import { UsageError } from './usageError.js';

/** How far a run is. */
export interface Progressed {
  /** Number of updates. */
  readonly step: number;
  /** State of the early stopping before the evaluation after these updates, which a resumed run repeats. */
  readonly stopping?: EarlyStopping;
}

/**
 * Loads a checkpoint into `parts`, and returns how far its run was; undefined if there is no checkpoint.
 *
 * @param setup - The options that the batches depend on, as the checkpoint has them: with others, a run would go on with other batches,
 *   and train on pairs that were held out.
 */
export async function resume(
  path: string,
  parts: CheckpointParts,
  setup: Readonly<Record<string, unknown>>,
): Promise<Progressed | undefined> {
  if (!existsSync(path)) return undefined;
  const { step, stopping, ...saved } = await loadCheckpoint(readFileSync(path), parts);
  for (const [name, value] of Object.entries(setup)) {
    if (saved[name] !== value) throw new UsageError(`--${name} is ${String(value)}, expected ${String(saved[name])} as in the checkpoint`);
  }
  return { step, stopping } as Progressed;
}
