import { humanPreferences } from './humanPreferences.js';
import { ordering } from './ordering.js';

/** The tasks, by the name that `--data` takes. */
export const TASKS = { ordering, 'hh-rlhf': humanPreferences };
export type TaskName = keyof typeof TASKS;
