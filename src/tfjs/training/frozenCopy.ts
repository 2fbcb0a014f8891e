import { engine, variable, type Variable } from '@tensorflow/tfjs-core';
import { mapLeaves } from './mapLeaves.js';
import { isModel, variablesOf, matchVariables, type ModelLike, type Variables } from './variables.js';

/**
 * Copies variables or a model so that training the original does not change the copy, e.g. as the reference model of DPO.
 *
 * The variables are copied into the same list or record; a `tf.LayersModel` is rebuilt with the same architecture, including nested
 * models. All variables of the copy are marked as not trainable (`model.trainable = false` would miss those of nested models), so
 * neither `optimizer.minimize` nor `valueAndGrads` trains them. What occurs twice, such as a tied output head, is copied once.
 *
 * The copy shares the memory of the values until the original is trained further.
 *
 * @param source - See {@link Variables}. The layers of a model must be built, and be such that they can be rebuilt from their
 *   configuration.
 * @returns The same list, record or model, with new variables. Dispose it like the original.
 * @throws TypeError if `source` contains anything else (the message names its path) or a disposed variable, or a model has no weights or
 *   cannot be rebuilt.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { frozenCopy } from 'prefloss';
 *
 * const policy = { weight: tf.variable(tf.tensor1d([1, 2])) };
 * const reference = frozenCopy(policy);
 * policy.weight.assign(tf.tensor1d([3, 4]));
 * console.log(reference.weight.dataSync().join(), reference.weight.trainable); // 1,2 false
 * ```
 */
export function frozenCopy<V extends Variables>(source: V): V {
  variablesOf('frozenCopy', 'source', source);
  const copies = new Map<unknown, Variable | ModelLike>();
  const copyOf = (leaf: Variable | ModelLike): Variable | ModelLike => {
    const copy = copies.get(leaf) ?? (isModel(leaf) ? frozenModel(leaf) : variable(leaf, false));
    copies.set(leaf, copy);
    return copy;
  };
  try {
    return mapLeaves('frozenCopy: source', source, (leaf) => copyOf(leaf as Variable | ModelLike)) as V;
  } catch (error) {
    for (const copy of copies.values()) discard(copy);
    throw error;
  }
}

const discard = (copy: Variable | ModelLike): void => {
  (copy as Variable).dispose();
};

function frozenModel(source: ModelLike): ModelLike {
  const originals = variablesOf('frozenCopy', 'source', source);
  if (originals.size === 0) throw new TypeError('frozenCopy: the model has no weights, expected a built model');
  const failure = 'frozenCopy: the model cannot be rebuilt from its configuration';
  const copy = rebuild(failure, source);
  try {
    // Builds a sequential model, which would otherwise be built by its first call, and make its variables trainable then.
    copy.setWeights(copy.getWeights());
    for (const [weight, original] of matchVariables(failure, 'copy', variablesOf(failure, 'copy', copy), originals)) {
      weight.assign(original);
      weight.trainable = false;
    }
  } catch (error) {
    discard(copy);
    throw error;
  }
  return copy;
}

function rebuild(failure: string, source: ModelLike): ModelLike {
  const Model = source.constructor as unknown as {
    fromConfig(cls: unknown, config: unknown, customObjects: object, fastWeightInit: boolean): ModelLike;
  };
  const before = new Set(Object.keys(engine().registeredVariables));
  try {
    // `fastWeightInit`: the initial values are replaced right away, so a slow initialization would be wasted.
    return Model.fromConfig(Model, source.getConfig(), {}, true);
  } catch (error) {
    // Those of the layers before the one that fails.
    for (const [name, made] of Object.entries(engine().registeredVariables)) if (!before.has(name)) made.dispose();
    throw new TypeError(`${failure}: ${(error as Error).message}`, { cause: error });
  }
}
