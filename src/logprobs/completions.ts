import { checkFields, checkNoOtherFields, type Checked } from '../internal/checks.js';
import { checkUnpairedLogps, type UnpairedLogps } from './pairs.js';

/** Checks the log-probs of single completions without labels, and that there are no other fields. Returns those of the policy. */
export function checkCompletions<T>(fn: string, batch: UnpairedLogps<T>, moreFields: readonly string[] = []): Checked<T> {
  const fields = ['policy', 'reference', ...moreFields];
  checkFields(fn, 'batch', batch, fields);
  checkNoOtherFields(fn, 'batch', batch, fields);
  return checkUnpairedLogps(fn, batch);
}
