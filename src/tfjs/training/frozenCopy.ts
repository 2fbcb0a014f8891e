import { Variable, variable, type Tensor } from '@tensorflow/tfjs-core';
import { describe } from '../../backend/registry.js';

/** The part of `tf.LayersModel` that {@link frozenCopy} uses. */
export interface ModelLike {
  /** The variables of the model and of all models nested in it. */
  getWeights(trainableOnly?: boolean): Tensor[];
  /** Sets the values of the variables, in the order of `getWeights`. */
  setWeights(weights: Tensor[]): void;
  /** The architecture, as `fromConfig` takes it. */
  getConfig(): unknown;
}

/**
 * Copies variables or a model so that training the original does not change the copy, e.g. as the reference model of DPO.
 *
 * Given a list of variables, it returns new variables with the same values; given a `tf.LayersModel`, a new model with the same
 * architecture, including nested models. All variables of the copy are marked as not trainable (`model.trainable = false` would
 * miss those of nested models), so neither `optimizer.minimize` nor `valueAndGrads` trains them.
 *
 * The copy shares the memory of the values until the original is trained further.
 *
 * @param source - Variables, or a built model whose layers can be rebuilt from their configuration.
 * @returns A list of variables, or a model. Dispose it like the original.
 * @throws TypeError if `source` is neither, a variable is disposed, the model has no weights, or it cannot be rebuilt.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { frozenCopy } from 'prefloss';
 *
 * const policy = [tf.variable(tf.tensor1d([1, 2]))];
 * const reference = frozenCopy(policy);
 * policy[0]!.assign(tf.tensor1d([3, 4]));
 * console.log(reference[0]!.dataSync().join(), reference[0]!.trainable); // 1,2 false
 * ```
 */
export function frozenCopy(source: readonly Variable[]): Variable[];
export function frozenCopy<M extends ModelLike>(source: M): M;
export function frozenCopy(source: readonly Variable[] | ModelLike): Variable[] | ModelLike {
  if (Array.isArray(source)) return source.map(frozenVariable);
  const model = source as Partial<ModelLike> | undefined;
  if (typeof model?.getWeights === 'function' && typeof model.getConfig === 'function') return frozenModel(source as ModelLike);
  throw new TypeError(`frozenCopy: source is ${describe(source)}, expected a list of tf.Variable or a tf.LayersModel`);
}

function frozenVariable(source: unknown, i: number): Variable {
  if (!(source instanceof Variable)) throw new TypeError(`frozenCopy: source[${i}] is ${describe(source)}, expected a tf.Variable`);
  if (source.isDisposed) throw new TypeError(`frozenCopy: source[${i}], ${source.name}, is disposed`);
  return variable(source as Variable, false);
}

function frozenModel<M extends ModelLike>(source: M): M {
  const weights = source.getWeights();
  if (weights.length === 0) throw new TypeError('frozenCopy: the model has no weights, expected a built model');
  const copy = rebuild(source);
  copy.setWeights(weights);
  for (const weight of copy.getWeights()) (weight as Variable).trainable = false;
  return copy;
}

function rebuild<M extends ModelLike>(source: M): M {
  const Model = source.constructor as unknown as {
    fromConfig(cls: unknown, config: unknown, customObjects: object, fastWeightInit: boolean): M;
  };
  try {
    // `fastWeightInit`: the initial values are replaced right away, so a slow initialization would be wasted.
    return Model.fromConfig(Model, source.getConfig(), {}, true);
  } catch (error) {
    const reason = (error as Error).message;
    throw new TypeError(`frozenCopy: the model cannot be rebuilt from its configuration: ${reason}`, { cause: error });
  }
}
