import type { TokenDivergence } from '../backend/types.js';

/** The divergences of `tokenDivergence`; the first is the default. Kernels take their indices. */
export const DIVERGENCES = ['forwardKl', 'reverseKl', 'jensenShannon'] as const satisfies readonly TokenDivergence[];
