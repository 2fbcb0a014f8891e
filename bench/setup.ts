import type { StorageMeter } from './memory.js';
import type { BackendName } from './options.js';

/** What a study gets: the backend is active. */
export interface Setup {
  readonly backend: BackendName;
  readonly meter: StorageMeter;
  /** Threads of PyTorch, as many as the backend has. */
  readonly threads: number;
  /** Timed turns of each route. */
  readonly repeats: number;
  /** Only the smallest sizes. */
  readonly quick: boolean;
  /** A Python with PyTorch, where there is one and the backend is compared with it. */
  readonly python: string | undefined;
}
