import { sidesOf, type PreferenceRow, type UnpairedRow } from './rows.js';

/**
 * Pairs as single examples for KTO and its like: each chosen side desirable, each rejected side not.
 *
 * @param rows - Preference pairs. Without a prompt of their own they stay whole conversations: see {@link extractPrompt}.
 * @returns Twice as many rows, all chosen ones first; other fields go along.
 * @throws RangeError if a row is malformed.
 *
 * @example
 * ```ts
 * import { unpairPreferences } from 'prefloss';
 * const rows = unpairPreferences([{ prompt: 'Is it?', chosen: ' Yes.', rejected: ' No.' }]);
 * console.log(rows.map((row) => `${row.completion} ${row.label}`).join()); // Yes. true, No. false
 * ```
 */
export function unpairPreferences<Row extends PreferenceRow>(rows: readonly Row[]): (Omit<Row, 'chosen' | 'rejected'> & UnpairedRow)[] {
  rows.forEach((row, i) => sidesOf(`unpairPreferences: rows[${i}]`, row, ['chosen', 'rejected']));
  const side = (name: 'chosen' | 'rejected') =>
    rows.map(({ chosen, rejected, ...rest }) => ({ ...rest, completion: name === 'chosen' ? chosen : rejected, label: name === 'chosen' }));
  return [...side('chosen'), ...side('rejected')];
}
