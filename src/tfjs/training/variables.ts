import { Variable, type Tensor } from '@tensorflow/tfjs-core';
import { describe } from '../../backend/describe.js';
import { mapLeaves } from './mapLeaves.js';

/** The part of `tf.LayersModel` that this library uses. */
export interface ModelLike {
  /** The layers, some of which may be models. */
  readonly layers: readonly Pick<ModelLike, 'getWeights'>[];
  /** The inputs, by which a model is told from a layer that has layers inside. */
  readonly inputs: readonly unknown[];
  /** The variables of the model and of all models nested in it. */
  getWeights(trainableOnly?: boolean): Tensor[];
  /** Sets the values of the variables, in the order of `getWeights`. */
  setWeights(weights: Tensor[]): void;
  /** The architecture, as `fromConfig` takes it. */
  getConfig(): unknown;
}

/**
 * The variables of a model: in a list or record, nested to any depth, or in a `tf.LayersModel`. Records are matched by name. Let TypeScript
 * infer the type of a record, or name it with `type`: it takes no `interface` here.
 */
export type Variables = Variable | ModelLike | readonly Variables[] | { readonly [name: string]: Variables };

/** Options of {@link variablesOf}. */
interface Selection {
  /** Whether to leave out the variables that a `tf.LayersModel` does not train. Default false. */
  readonly trainableOnly?: boolean;
}

/**
 * Returns the variables of a container by their paths in it, such as `.blocks[0].weight`. A variable that occurs again, for example
 * as a tied output head, has one entry.
 *
 * @throws TypeError if the container holds anything else, or a disposed variable; the message begins with `fn` and names its path.
 */
export function variablesOf(
  fn: string,
  name: string,
  container: unknown,
  { trainableOnly = false }: Selection = {},
): Map<string, Variable> {
  const found = new Map<Variable, string>();
  const add = (leaf: unknown, path: string): void => {
    if (!(leaf instanceof Variable)) {
      throw new TypeError(
        `${fn}: ${name}${path} is ${describe(leaf)}, expected a tf.Variable, a list or record of them, or a tf.LayersModel`,
      );
    }
    checkLive(fn, `${name}${path}`, leaf as Variable);
    if (!found.has(leaf as Variable)) found.set(leaf as Variable, path);
  };
  mapLeaves(`${fn}: ${name}`, container, (leaf, path) => {
    if (!isModel(leaf)) add(leaf, path);
    else if (!trainableOnly) addWeights(leaf, path, add);
    else for (const [i, weight] of leaf.getWeights(true).entries()) add(weight, `${path}.getWeights(true)[${i}]`);
  });
  return new Map([...found].map(([variable, path]) => [path, variable]));
}

/** Checks that a variable is not disposed: assigning it, or to it, would have no effect. */
export function checkLive(fn: string, path: string, { isDisposed, name }: Variable): void {
  if (isDisposed) throw new TypeError(`${fn}: ${path}, ${name}, is disposed`);
}

/** Whether a value is a `tf.LayersModel`. It is recognised by its members, because `@tensorflow/tfjs-layers` is no dependency. */
export function isModel(value: unknown): value is ModelLike {
  const model = value as Partial<ModelLike> | null | undefined;
  return Array.isArray(model?.layers) && Array.isArray(model.inputs) && typeof model.getWeights === 'function';
}

// By layer, because the order of `model.getWeights()` changes when a layer or a nested model is frozen.
function addWeights({ layers }: ModelLike, path: string, add: (weight: unknown, path: string) => void): void {
  for (const [i, layer] of layers.entries()) {
    const at = `${path}.layers[${i}]`;
    if (isModel(layer)) addWeights(layer, at, add);
    else for (const [n, weight] of layer.getWeights().entries()) add(weight, `${at}.weights[${n}]`);
  }
}

/**
 * Pairs each variable of `target` with that of `policy` at the same path, in the order of the policy.
 *
 * @throws RangeError if the paths differ, or the shapes at a path.
 * @throws TypeError if the dtypes at a path differ.
 */
export function matchVariables(
  fn: string,
  name: string,
  target: ReadonlyMap<string, Variable>,
  policy: ReadonlyMap<string, Variable>,
): (readonly [target: Variable, policy: Variable])[] {
  if (target.size !== policy.size) throw new RangeError(`${fn}: ${name} has ${target.size} variables, expected ${policy.size} like policy`);
  return [...policy].map(([path, like]) => {
    const variable = target.get(path);
    if (!variable) throw new RangeError(`${fn}: ${name}${path} is missing, expected a variable like policy${path}`);
    if (variable.shape.join() !== like.shape.join()) {
      throw new RangeError(
        `${fn}: ${name}${path} has shape [${variable.shape.join(', ')}], expected [${like.shape.join(', ')}] like ${like.name}`,
      );
    }
    if (variable.dtype === like.dtype) return [variable, like];
    throw new TypeError(`${fn}: ${name}${path} has dtype ${variable.dtype}, expected ${like.dtype} like ${like.name}`);
  });
}
