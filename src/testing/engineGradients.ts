import { isInMemory } from '../backend/arrays/onValues.js';
import { valueAndInputGrads } from '../backend/arrays/valueAndGrads.js';
import type { Backend } from '../backend/types.js';

/** The gradients of an engine: its own, or those of `valueAndGrads` where the values are in memory; undefined if it has none. */
export const gradientsOf = <T>(backend: Backend<T>): Backend<T>['valueAndGrads'] =>
  backend.valueAndGrads ?? (isInMemory(backend) ? (valueAndInputGrads as unknown as Backend<T>['valueAndGrads']) : undefined);
