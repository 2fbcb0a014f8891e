/** Writes dist/node.js and dist/node.cjs into a build. */
export function writeNodeEntry(dist: string): Promise<void>;
