import { isInMemory } from '../backend/arrays/onValues.js';
import { valueAndInputGrads } from '../backend/arrays/valueAndGrads.js';
import type { Backend } from '../backend/types.js';

/** The gradients of an engine: its own, or those of `valueAndGrads` where the values are in memory; undefined if it has none. */
export function gradientsOf<T>(backend: Backend<T>): Backend<T>['valueAndGrads'] {
  if (isInMemory(backend)) return valueAndInputGrads as never;
  return backend.valueAndGrads && ((f, inputs) => backend.valueAndGrads!(f, inputs));
}
