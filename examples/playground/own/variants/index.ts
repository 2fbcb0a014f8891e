import anchoredDpo from './anchoredDpo.ts?raw';
import cautiousDpo from './cautiousDpo.ts?raw';
import focalPairs from './focalPairs.ts?raw';
import roundedIpo from './roundedIpo.ts?raw';

/** The sources of the variants to start from, by name. */
export const variants: Readonly<Record<string, string>> = { cautiousDpo, anchoredDpo, roundedIpo, focalPairs };
