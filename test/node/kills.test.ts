import { expect, it } from 'vitest';
import { demo } from '../../tools/soak/demo.js';
import { kills } from '../../tools/soak/kills.js';

// `npm run soak` does it more often.
it('a run of the demo that is killed and resumed writes what a run writes that is not killed', { timeout: 300_000 }, async () => {
  const { kills: killed, completed } = await kills(demo, 2, 0);
  expect(killed).toBe(2);
  expect(completed).toBeGreaterThan(0);
});
