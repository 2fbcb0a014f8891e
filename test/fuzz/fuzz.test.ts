import { it } from 'vitest';
import { properties } from './properties/index.js';

// The same few inputs every time; `npm run fuzz` tries others.
it.each(properties.map((property) => [property.name, property] as const))('%s', async (_, { runs, refute }) => {
  const { finding } = await refute({ seed: 1, runs });
  if (finding !== undefined) throw new Error(finding);
});
