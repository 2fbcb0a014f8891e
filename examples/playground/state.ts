import { signal } from '@preact/signals';
import type { BatchPairs } from './train/protocol.js';

/** The pairs of a training batch, as plain lists. */
export interface PairBatch extends BatchPairs {
  /** Where they come from, for a caption, such as `step 40 of dpo`. */
  readonly source: string;
}

/** A loss that the user wrote. */
export interface Variant {
  readonly name: string;
  /** A module in TypeScript or JavaScript whose default export is the loss. */
  readonly source: string;
}

/** The latest batch of a training run; undefined before the first step. */
export const batch = signal<PairBatch | undefined>(undefined);

/** The variant to train with; undefined until the user chooses one. */
export const variant = signal<Variant | undefined>(undefined);
