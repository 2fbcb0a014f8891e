import type { Tensor } from '@tensorflow/tfjs-core';
import type { LinearRows } from '../../../backend/types.js';
import { checkDevice } from './chunks.js';
import { withFrozenWeight } from './frozenWeight.js';
import { withTrainableWeight } from './trainableWeight.js';

/** `linearTokenLogProbs` of `Backend`, computed in chunks of the vocabulary on every tfjs backend. */
export function linearTokenLogProbs(rows: LinearRows<Tensor>, frozenWeight: boolean): Tensor {
  checkDevice('linearTokenLogProbs', rows);
  return frozenWeight ? withFrozenWeight(rows) : withTrainableWeight(rows);
}
