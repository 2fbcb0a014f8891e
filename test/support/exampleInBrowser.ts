import { join } from 'node:path';
import type { Browser } from 'playwright';
import { afterAll, beforeAll } from 'vitest';
import { buildAndServe, startBrowser, type ServedPage } from '../../tools/page.js';
import { ROOT } from './runExample.js';

/** Builds and serves the page of an example, and starts a browser, for the tests of a `describe`: the result is filled before they run. */
export function exampleInBrowser(example: string): { readonly served: ServedPage; readonly browser: Browser } {
  const surroundings = {} as { served: ServedPage; browser: Browser };
  beforeAll(async () => {
    surroundings.served = await buildAndServe(join(ROOT, 'examples', example));
    surroundings.browser = await startBrowser();
  }, 300_000);
  afterAll(async () => {
    await surroundings.browser.close();
    await surroundings.served.stop();
  });
  return surroundings;
}
