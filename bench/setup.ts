import type { StorageMeter } from './memory.js';
import type { BackendName } from './options.js';

/** Arguments of a study. The backend is active when it starts. */
export interface Setup {
  readonly backend: BackendName;
  readonly meter: StorageMeter;
  /** Threads of PyTorch, as many as the backend uses. */
  readonly threads: number;
  /** Timed rounds of each route. */
  readonly repeats: number;
  /** Whether to run the smallest sizes only. */
  readonly quick: boolean;
  /** A Python with PyTorch; undefined if there is none or the backend is not compared with it. */
  readonly python: string | undefined;
}
