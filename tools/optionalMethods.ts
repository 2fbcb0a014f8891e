import type { Backend } from '../src/backend/types.js';

/** The methods of an engine that may be left out, and for which a definition in other operations runs then. */
export const OPTIONAL_METHODS = [
  'square',
  'sqrt',
  'pow',
  'matmul',
  'tokenLogProbs',
  'tokenStats',
  'tokenDivergence',
  'linearTokenLogProbs',
  'linearTokenStats',
  'linearTokenDivergence',
] as const satisfies readonly (keyof Backend<unknown>)[];
