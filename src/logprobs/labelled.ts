import { cast, mul, sub, where } from '../backend/ops.js';
import { checkFields, checkTensor, checkValues, poisonOutside } from '../internal/checks.js';
import { zeroOrOne } from '../internal/domains.js';
import { checkUnpairedLogps, type UnpairedLogps } from './pairs.js';

/** Log-probs of single examples, and whether each is desirable. */
export interface LabelledLogps<T> extends UnpairedLogps<T> {
  /** 1 for desirable examples, 0 for undesirable ones, `[B]`. */
  readonly desirable: T;
}

/** Checks the log-probs and labels of single examples. */
export function checkLabelledLogps(fn: string, batch: unknown, moreFields: readonly string[] = []): void {
  checkFields(fn, 'batch', batch, ['policy', 'reference', 'desirable', ...moreFields]);
  checkUnpairedLogps(fn, batch);
  const { policy, desirable } = batch as LabelledLogps<unknown>;
  checkTensor(fn, 'desirable', desirable, { like: ['policy', policy], dtype: ['float', 'int', 'bool'] });
  checkValues(fn, 'desirable', desirable, zeroOrOne);
}

/** Labels as floats; NaN where one that cannot be read is neither 0 nor 1. */
export const labelsOf = <T>(desirable: T): T => poisonOutside(cast(desirable, 'float'), zeroOrOne) as T;

/** -1 for a desirable example, 1 for another. */
export const lossSign = <T>(labels: T): T => sub(1, mul(labels, 2));

/** The loss of each example times the weight of its class. */
export function weighByClass<T>(loss: T, labels: T, desirableWeight: number | T, undesirableWeight: number | T): T {
  if (desirableWeight === 1 && undesirableWeight === 1) return loss;
  return mul(loss, where(labels, desirableWeight, undesirableWeight));
}
