import { checkList } from './checkList.js';
import { reading } from './columns.js';
import { pairOfSides, type PreferenceRow, type UnpairedRow } from './rows.js';

/**
 * Splits preference pairs into unpaired examples, for KTO and similar losses: chosen sides are desirable, rejected sides undesirable.
 *
 * @param rows - Preference pairs. Completions of rows without a `prompt` stay whole conversations: see {@link extractPrompt}.
 * @returns Twice as many rows, first those of all chosen sides; other fields are copied.
 * @throws TypeError if `rows` is not a list.
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
  checkList('unpairPreferences', 'rows', rows);
  const copies = rows.map((row, i) => {
    const at = `unpairPreferences: rows[${i}]`;
    pairOfSides(at, row);
    return reading(at, () => ({ ...row }));
  });
  const side = (name: 'chosen' | 'rejected') =>
    copies.map(({ chosen, rejected, ...rest }) => ({
      ...rest,
      completion: name === 'chosen' ? chosen : rejected,
      label: name === 'chosen',
    }));
  return [...side('chosen'), ...side('rejected')];
}
