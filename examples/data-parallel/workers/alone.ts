import type { Workers } from './workers.js';

/** One process without an engine. */
export const alone: Workers = {
  rank: 0,
  size: 1,
  sum: () => Promise.resolve(),
  max: () => Promise.resolve(),
  gather: (bytes) => Promise.resolve([bytes]),
  close: () => Promise.resolve(),
  abort: () => process.exit(1),
};
