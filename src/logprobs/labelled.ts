import type { Operand, OrPlain } from '../backend/types.js';
import { cast, mul, sub, where } from '../backend/ops.js';
import {
  checkFields,
  checkOnlyFields,
  checkTensor,
  checkValues,
  poisonOutside,
  type Checked,
  type OtherFields,
} from '../internal/checks.js';
import { zeroOrOne } from '../internal/domains.js';
import { checkUnpairedLogps, type UnpairedLogps } from './pairs.js';

/** Log-probs of unpaired examples, and whether each is desirable. */
export type LabelledLogps<T> = UnpairedLogps<T> & {
  /** 1 for desirable examples, 0 for undesirable ones, `[B]`; floats, integers or booleans, a tensor or a plain list. */
  readonly desirable: OrPlain<NoInfer<T>>;
};

/**
 * Checks the log-probs and labels of unpaired examples. Returns the policy's log-probs.
 *
 * @param more - Further fields that the batch must have; `'any'` for functions that ignore all others.
 */
export function checkLabelledLogps<T>(fn: string, batch: LabelledLogps<T>, more: OtherFields = []): Checked<T> {
  const fields = ['policy', 'reference', 'desirable'];
  if (more === 'any') checkFields(fn, 'batch', batch, fields);
  else checkOnlyFields(fn, 'batch', batch, [...fields, ...more]);
  const like = checkUnpairedLogps(fn, batch, 'any');
  checkValues(fn, checkTensor(fn, 'desirable', batch.desirable, { like, orPlain: true, dtype: ['float', 'int', 'bool'] }), zeroOrOne);
  return like;
}

/** Labels as floats. If they cannot be read, labels other than 0 and 1 become NaN. */
export const labelsOf = <T>(desirable: T): T => poisonOutside(cast(desirable, 'float'), zeroOrOne);

/** -1 for a desirable example, 1 for an undesirable one. */
export const lossSign = <T>(labels: T): T => sub(1, mul(labels, 2));

/** Multiplies the loss of each example by the weight of its class. */
export function weighByClass<T>(loss: T, labels: OrPlain<T>, desirableWeight: Operand<T>, undesirableWeight: Operand<T>): T {
  if (desirableWeight === 1 && undesirableWeight === 1) return loss;
  return mul(loss, where<OrPlain<T>, Operand<T>>(labels, desirableWeight, undesirableWeight));
}
