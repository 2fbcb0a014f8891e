import type { LossKind, LossName } from '../../src/index.js';
import { batchOf as batchOfKind, callGolden } from '../../src/testing/conformance/lossGoldens.js';
import type { X } from './engine.js';
import type { Call } from './goldens.js';

/** Makes the first argument of a loss of this kind from the fields of a golden file. */
export const batchOf = (kind: LossKind, fields: Readonly<Record<string, X>>): X => batchOfKind(kind, fields);

/** Returns a function that calls a loss of the catalogue with the fields and options of a golden file. */
export const callOf =
  (name: LossName): Call =>
  (fields, options) =>
    callGolden<X>(name, fields, options);
