import { accuracy } from './accuracy.js';
import type { Break } from './break.js';
import { fused } from './fused.js';
import { gradients } from './gradients.js';
import { kinds } from './kinds.js';
import { memory } from './memory.js';
import { reading } from './reading.js';
import { values } from './values.js';

/** All breaks by what they are about. */
export const breaks: Readonly<Record<string, readonly Break[]>> = { kinds, values, accuracy, memory, reading, gradients, fused };
