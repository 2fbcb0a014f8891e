/**
 * The package as users have it. The sources would run with a call more in every function, which the loader of TypeScript
 * adds; beside short operations that is no small time.
 */
export const prefloss = (await import(new URL('../dist/index.js', import.meta.url).href)) as typeof import('../src/index.js');
