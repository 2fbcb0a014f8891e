import { checkOnlyFields, type Checked } from '../internal/checks.js';
import { checkUnpairedLogps, type UnpairedLogps } from './pairs.js';

/** Checks the log-probs of single completions without labels, and that there are no other fields. Returns those of the policy. */
export function checkCompletions<T>(fn: string, batch: UnpairedLogps<T>, moreFields: readonly string[] = []): Checked<T> {
  checkOnlyFields(fn, 'batch', batch, ['policy', 'reference', ...moreFields]);
  return checkUnpairedLogps(fn, batch, 'any');
}
