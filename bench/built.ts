/**
 * The package as users import it. The TypeScript loader adds a call to every function of the sources, which would distort
 * the times of short operations.
 */
export const prefloss = (await import(new URL('../dist/index.js', import.meta.url).href)) as typeof import('../src/index.js');
