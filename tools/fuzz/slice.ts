// Tries one property for a while, in a process of its own that `main.ts` starts, and reports the outcome to it.
import { properties } from '../../test/fuzz/properties/index.js';
import type { Search } from '../../test/fuzz/property.js';

/** What `main.ts` sends. */
export interface Task {
  readonly name: string;
  readonly search: Search;
}

/** The largest resident memory that a slice may use, in MiB: an input that needs more is a finding. */
const MEMORY = 3072;

process.once('message', ({ name, search }: Task) => {
  void properties
    .find((property) => property.name === name)!
    .refute(search)
    .then(({ runs, finding }) => {
      const used = process.resourceUsage().maxRSS / 1024;
      const large = used > MEMORY ? `used ${used.toFixed(0)} MiB of memory, expected at most ${MEMORY}` : undefined;
      process.send!({ runs, finding: finding ?? large });
      process.disconnect();
    });
});
