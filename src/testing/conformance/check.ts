import type { Errors } from './closeness.js';
import type { Subject } from './subject.js';

/** A check on one device. It resolves to what is wrong, and notes the largest error of what it compares. */
export interface Check {
  readonly name: string;
  readonly group: string;
  /** What is computed while the engine is not registered: it might own the tensors in memory. */
  readonly prepare?: () => void;
  readonly problems: (subject: Subject, errors: Errors) => Promise<readonly string[]> | readonly string[];
}
