import {
  add,
  clone,
  div,
  engine,
  keep,
  mul,
  Optimizer,
  scalar,
  sqrt,
  square,
  sub,
  Tensor,
  tidy,
  util,
  variable,
  zerosLike,
  type NamedTensorMap,
  type serialization,
  type Variable,
} from '@tensorflow/tfjs-core';
import { describe } from '../../backend/describe.js';
import { checkNumber, checkOptions } from '../../internal/checks.js';
import { belowOne, notNegative, positive, wholeNumber } from '../../internal/domains.js';
import { checkDeviceFor } from '../device.js';
import { firstRepeated } from './firstRepeated.js';
import { checkFloat, checkGradient, gradientsByName } from './gradients.js';
import { checkLive } from './variables.js';

type NamedTensor = Awaited<ReturnType<Optimizer['getWeights']>>[number];

/** Hyperparameters of {@link AdamW}. The defaults are PyTorch's. */
export interface AdamWOptions {
  /** Step size, 0 or more. To follow a schedule, set `optimizer.learningRate` before each step. Default 1e-3. */
  readonly learningRate?: number;
  /** Decay of the running mean of gradients, in [0, 1). Default 0.9. */
  readonly beta1?: number;
  /** Decay of the running mean of squared gradients, in [0, 1). Default 0.999. */
  readonly beta2?: number;
  /** Added to the square root of the mean of squared gradients; positive. Default 1e-8. */
  readonly epsilon?: number;
  /** Decoupled weight decay, 0 or more: each step subtracts `learningRate * weightDecay * w` from a weight `w`. Default 0.01. */
  readonly weightDecay?: number;
  /** Whether a variable decays, given its name and the variable. Biases and norms often do not. Default: all variables decay. */
  readonly decays?: (name: string, variable: Variable) => boolean;
}

/** State of one variable. */
interface Moments {
  readonly mean: Variable;
  readonly square: Variable;
  /** Number of its updates. */
  steps: number;
}

/** The update of one variable, checked. */
interface Update {
  readonly weight: Variable;
  readonly gradient: Tensor;
  readonly decays: boolean;
}

/**
 * Adam with decoupled weight decay. It is used like the optimizers of `tf.train`.
 *
 *     m = beta1 m + (1 - beta1) g          v = beta2 v + (1 - beta2) g^2
 *     w = w - learningRate weightDecay w - learningRate (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
 *
 * where t counts the updates of each variable, as in PyTorch: a variable that is trained from a later step on starts at t = 1. The state
 * is stored by variable name, so a variable without a gradient in a step keeps it. (`tf.train.adam` stores moments by position in the
 * list, and has one count for all variables.) `iterations` is the number of calls of `applyGradients`.
 *
 * The state consists of `iterations`, and of two moments and the count of each variable. `getWeights` and `setWeights` save and restore
 * it; the hyperparameters, among them the learning rate, are not part of it.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { AdamW } from 'prefloss';
 *
 * const w = tf.variable(tf.tensor1d([1, -1]));
 * const optimizer = new AdamW({ learningRate: 0.1 });
 * optimizer.minimize(() => tf.sum(tf.square(w)) as tf.Scalar, false, [w]);
 * console.log(Array.from(w.dataSync(), (x) => x.toFixed(3)).join()); // 0.899,-0.899
 * ```
 *
 * @see Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019, algorithm 2. https://arxiv.org/abs/1711.05101
 */
export class AdamW extends Optimizer {
  /** The name under which tfjs serializes it. */
  static readonly className = 'AdamW';

  private rate: number;
  private readonly options: Required<Omit<AdamWOptions, 'learningRate'>>;
  /** By the name of the variable. */
  private moments: Record<string, Moments> = {};

  /**
   * @param options - See {@link AdamWOptions}.
   * @throws TypeError if `decays` is not a function.
   * @throws RangeError if an option is unknown or outside its range.
   */
  constructor(options: AdamWOptions = {}) {
    super();
    checkOptions('AdamW', options, ['learningRate', 'beta1', 'beta2', 'epsilon', 'weightDecay', 'decays']);
    const { learningRate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0.01, decays = () => true } = options;
    checkNumber('AdamW', 'learningRate', learningRate, notNegative);
    checkNumber('AdamW', 'beta1', beta1, belowOne);
    checkNumber('AdamW', 'beta2', beta2, belowOne);
    checkNumber('AdamW', 'epsilon', epsilon, positive);
    checkNumber('AdamW', 'weightDecay', weightDecay, notNegative);
    if (typeof decays !== 'function') throw new TypeError(`AdamW: decays is ${describe(decays)}, expected a function`);
    this.rate = learningRate;
    this.options = { beta1, beta2, epsilon, weightDecay, decays };
  }

  /** Step size of the next step, 0 or more. Setting anything else throws a TypeError or a RangeError. */
  get learningRate(): number {
    return this.rate;
  }

  set learningRate(rate: number) {
    checkNumber('AdamW', 'learningRate', rate, notNegative);
    this.rate = rate;
  }

  /**
   * Makes one step. All arguments are checked, and `decays` is called for each variable, before anything changes.
   *
   * @param variableGradients - A gradient per variable, by variable name. The caller disposes them.
   * @throws TypeError if the argument is not a record or a list of `{ name, tensor }`, a gradient is not a tensor of float32 or is disposed,
   *   its variable is not of float32, or the state of the variable is disposed.
   * @throws RangeError if a gradient belongs to no variable, or to the same as another, or differs from its variable in shape, or the state
   *   does, which is that of an earlier variable of this name then.
   */
  override applyGradients(variableGradients: NamedTensorMap | NamedTensor[]): void {
    checkDeviceFor('AdamW');
    const given = Array.isArray(variableGradients)
      ? namedTensors('gradients', variableGradients)
      : gradientsByName('AdamW', 'gradients', variableGradients);
    // `minimize` passes null for variables in its list that are not trainable.
    const gradients = given.filter(([, gradient]) => gradient !== null);
    const updates = new Map<string, Update>();
    for (const [name, gradient] of gradients) {
      if (updates.has(name)) throw new RangeError(`AdamW: ${name} has two gradients, expected one`);
      updates.set(name, this.checkedUpdate(name, gradient));
    }
    for (const update of updates.values()) {
      tidy(() => {
        this.update(update);
      });
    }
    this.incrementIterations();
  }

  private checkedUpdate(name: string, gradient: unknown): Update {
    checkGradient('AdamW', `the gradient of ${name}`, gradient);
    const { registeredVariables } = engine();
    if (!Object.hasOwn(registeredVariables, name)) throw new RangeError(`AdamW: the gradient of ${name} belongs to no variable`);
    const weight = registeredVariables[name]!;
    checkFloat('AdamW', name, weight);
    const expectShape = (what: string, { shape }: Tensor): void => {
      if (util.arraysEqual(shape, weight.shape)) return;
      throw new RangeError(`AdamW: the ${what} of ${name} has shape [${shape.join(', ')}], expected [${weight.shape.join(', ')}]`);
    };
    expectShape('gradient', gradient);
    const moments = this.momentsOf(name);
    if (moments) {
      this.checkMoments(name, moments);
      expectShape('state', moments.mean);
    }
    const { weightDecay, decays } = this.options;
    return { weight, gradient, decays: weightDecay > 0 && decays(name, weight) };
  }

  /** Computes all new values of one variable before it assigns them. */
  private update({ weight, gradient, decays }: Update): void {
    const { beta1, beta2, epsilon, weightDecay } = this.options;
    const { rate } = this;
    const moments = this.momentsOf(weight.name);
    const steps = (moments?.steps ?? 0) + 1;
    const before = moments ?? { mean: zerosLike(weight as Tensor), square: zerosLike(weight as Tensor) };
    const mean = add(mul(before.mean as Tensor, beta1), mul(gradient, 1 - beta1));
    const meanSquare = add(mul(before.square as Tensor, beta2), mul(square(gradient), 1 - beta2));
    const root = div(sqrt(meanSquare), Math.sqrt(1 - beta2 ** steps));
    const step = mul(div(mean, add(root, epsilon)), rate / (1 - beta1 ** steps));
    const value = sub(decays ? mul(weight as Tensor, 1 - rate * weightDecay) : weight, step);
    if (moments) {
      moments.mean.assign(mean);
      moments.square.assign(meanSquare);
      moments.steps = steps;
    } else {
      this.moments[weight.name] = { mean: variable(mean, false), square: variable(meanSquare, false), steps };
    }
    weight.assign(value);
  }

  private momentsOf(name: string): Moments | undefined {
    return Object.hasOwn(this.moments, name) ? this.moments[name] : undefined;
  }

  private checkMoments(name: string, { mean, square }: Moments): void {
    checkLive('AdamW', `the state of ${name}`, mean);
    checkLive('AdamW', `the state of ${name}`, square);
  }

  /** Frees the moments. */
  override dispose(): void {
    disposeMoments(this.moments);
    this.moments = {};
    super.dispose();
  }

  /**
   * A copy of the state at the time of the call: `iter`, then `<variable>/m`, `<variable>/v` and the count `<variable>/t`. The caller
   * disposes it.
   */
  override async getWeights(): Promise<NamedTensor[]> {
    const states = Object.entries(this.moments);
    for (const [name, moments] of states) this.checkMoments(name, moments);
    const copy = (x: Variable): Tensor => keep(clone(x as Tensor));
    const moments = states.flatMap(([name, { mean, square, steps }]) => [
      { name: `${name}/m`, tensor: copy(mean) },
      { name: `${name}/v`, tensor: copy(square) },
      { name: `${name}/t`, tensor: keep(scalar(steps, 'int32')) },
    ]);
    return [await this.saveIterations(), ...moments];
  }

  /**
   * Replaces the state, at once: a step before the promise resolves uses the old state or the new, and never parts of both.
   *
   * @param weightValues - The result of {@link AdamW.getWeights}. It is copied at the call; the caller disposes it. If it has no counts, as
   *   that of earlier versions, which had one count for all variables, `iter` is the count of each.
   * @throws TypeError if the argument is not a list of `{ name, tensor }`, a tensor is disposed, or a moment is not of float32.
   * @throws RangeError if names are missing, given twice or not those of an AdamW, the moments of a variable differ in shape, or a count is
   *   not an integer, 0 or more. The state is unchanged then.
   */
  override async setWeights(weightValues: NamedTensor[]): Promise<void> {
    const given = checkedState(weightValues);
    const hasCounts = [...given.keys()].some((name) => name.endsWith('/t'));
    const owners = new Set([...given.keys()].slice(1).map((name) => name.slice(0, -2)));
    const moments: Record<string, Moments> = {};
    for (const owner of owners) {
      const take = (part: string): Variable => variable(given.get(`${owner}/${part}`)!, false);
      moments[owner] = { mean: take('m'), square: take('v'), steps: 0 };
    }
    const count = async (name: string): Promise<number> => {
      const [value] = await given.get(name)!.data();
      checkNumber('AdamW', name, value, wholeNumber);
      return value;
    };
    try {
      const [iterations, ...counts] = await Promise.all(
        ['iter', ...(hasCounts ? [...owners].map((owner) => `${owner}/t`) : [])].map(count),
      );
      Object.values(moments).forEach((one, i) => {
        one.steps = counts[i] ?? iterations!;
      });
      this.iterations_ = iterations!;
    } catch (error) {
      disposeMoments(moments);
      throw error;
    }
    disposeMoments(this.moments);
    this.moments = moments;
  }

  /** The hyperparameters except `decays`, which is a function and cannot be serialized. */
  override getConfig(): serialization.ConfigDict {
    const { beta1, beta2, epsilon, weightDecay } = this.options;
    return { learningRate: this.rate, beta1, beta2, epsilon, weightDecay };
  }

  /** Makes an optimizer with the hyperparameters of `getConfig`. All its variables decay. */
  static override fromConfig<T extends serialization.Serializable>(
    cls: serialization.SerializableConstructor<T>,
    config: serialization.ConfigDict,
  ): T {
    return new (cls as unknown as new (options: AdamWOptions) => T)(config);
  }
}

/** The entries of a list of named tensors. */
function namedTensors(list: string, given: readonly unknown[]): [name: string, tensor: unknown][] {
  // `Array.from` makes holes undefined.
  return Array.from(given, (item, i) => {
    const { name, tensor } = (item ?? {}) as Partial<NamedTensor>;
    if (typeof name === 'string') return [name, tensor];
    throw new TypeError(`AdamW: ${list}[${i}] is ${describe(item)}, expected { name, tensor }`);
  });
}

function disposeMoments(moments: Readonly<Record<string, Moments>>): void {
  for (const { mean, square } of Object.values(moments)) {
    mean.dispose();
    square.dispose();
  }
}

/** Checks all of a state but its counts, and returns it by name. */
function checkedState(state: readonly NamedTensor[]): ReadonlyMap<string, Tensor> {
  if (!Array.isArray(state)) throw new TypeError(`AdamW: setWeights got ${describe(state)}, expected a list of { name, tensor }`);
  const named = namedTensors('weightValues', state);
  const names = named.map(([name]) => name);
  if (names[0] !== 'iter' || !names.slice(1).every((name) => /\/[mvt]$/.test(name))) {
    throw new RangeError(`AdamW: setWeights got ${names.join(', ') || 'nothing'}, expected iter, then /m, /v and /t of each variable`);
  }
  const twice = firstRepeated(names);
  if (twice !== undefined) throw new RangeError(`AdamW: setWeights got ${twice} twice`);
  const given = new Map<string, Tensor>();
  for (const [name, tensor] of named) {
    if (!(tensor instanceof Tensor)) throw new TypeError(`AdamW: setWeights got ${name}, which is ${describe(tensor)}, expected a tensor`);
    if (tensor.isDisposed) throw new TypeError(`AdamW: setWeights got ${name}, which is disposed`);
    given.set(name, tensor as Tensor);
  }
  const parts = names.some((name) => name.endsWith('/t')) ? ['m', 'v', 't'] : ['m', 'v'];
  for (const owner of new Set(names.slice(1).map((name) => name.slice(0, -2)))) {
    const missing = parts.map((part) => `${owner}/${part}`).find((name) => !given.has(name));
    if (missing !== undefined) throw new RangeError(`AdamW: setWeights got no ${missing}`);
    const [mean, square] = [given.get(`${owner}/m`)!, given.get(`${owner}/v`)!];
    checkFloat('AdamW', `${owner}/m`, mean);
    checkFloat('AdamW', `${owner}/v`, square);
    if (util.arraysEqual(mean.shape, square.shape)) continue;
    throw new RangeError(`AdamW: ${owner}/v has shape [${square.shape.join(', ')}], expected [${mean.shape.join(', ')}] like ${owner}/m`);
  }
  return given;
}
