import { humanPreferences } from './humanPreferences.js';
import { ordering } from './ordering.js';
import type { Task } from './task.js';

/** The tasks, by the name that `--data` takes. */
export const TASKS = { ordering, 'hh-rlhf': humanPreferences };
export type TaskName = keyof typeof TASKS;

/** The default of a setting in each task, for `--help`. */
export const defaultOf = (setting: (task: Task) => number): string =>
  `default ${Object.entries(TASKS)
    .map(([name, task]) => `${setting(task())} for ${name}`)
    .join(', ')}`;
