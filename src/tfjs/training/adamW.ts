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
  tidy,
  util,
  variable,
  zerosLike,
  type NamedTensorMap,
  type serialization,
  type Tensor,
  type Variable,
} from '@tensorflow/tfjs-core';
import { checkNumber, checkOptions } from '../../internal/checks.js';
import { belowOne, notNegative, positive } from '../../internal/domains.js';
import { checkDeviceFor } from '../device.js';
import { checkGradient } from './gradients.js';

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
  private readonly moments = new Map<string, Moments>();

  /**
   * @param options - See {@link AdamWOptions}.
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
   * Makes one step. All arguments are checked before anything changes.
   *
   * @param variableGradients - A gradient per variable, by variable name. The caller disposes them.
   * @throws TypeError if a gradient is not a tensor, or is disposed.
   * @throws RangeError if a gradient belongs to no variable or differs from its variable in shape.
   */
  override applyGradients(variableGradients: NamedTensorMap | NamedTensor[]): void {
    checkDeviceFor('AdamW');
    const given = Array.isArray(variableGradients)
      ? variableGradients.map(({ name, tensor }) => [name, tensor] as const)
      : Object.entries(variableGradients);
    // `minimize` passes null for variables in its list that are not trainable.
    const gradients = given.filter(([, gradient]) => (gradient as Tensor | null) !== null);
    for (const [name, gradient] of gradients) {
      checkGradient('AdamW', `the gradient of ${name}`, gradient);
      const { shape } = gradient;
      const weight = engine().registeredVariables[name];
      if (!weight) throw new RangeError(`AdamW: the gradient of ${name} belongs to no variable`);
      if (util.arraysEqual(shape, weight.shape)) continue;
      throw new RangeError(`AdamW: the gradient of ${name} has shape [${shape.join(', ')}], expected [${weight.shape.join(', ')}]`);
    }
    this.incrementIterations();
    for (const [name, gradient] of gradients) {
      tidy(() => {
        this.step(engine().registeredVariables[name]!, gradient);
      });
    }
  }

  private step(weight: Variable, gradient: Tensor): void {
    const { beta1, beta2, epsilon, weightDecay, decays } = this.options;
    const { rate } = this;
    const moments = this.momentsOf(weight);
    const { mean, square: meanSquare } = moments;
    const steps = ++moments.steps;
    mean.assign(add(mul(mean, beta1), mul(gradient, 1 - beta1)));
    meanSquare.assign(add(mul(meanSquare, beta2), mul(square(gradient), 1 - beta2)));
    const root = div(sqrt(meanSquare), Math.sqrt(1 - beta2 ** steps));
    const step = mul(div(mean, add(root, epsilon)), rate / (1 - beta1 ** steps));
    const kept = weightDecay > 0 && decays(weight.name, weight) ? mul(weight as Tensor, 1 - rate * weightDecay) : weight;
    weight.assign(sub(kept, step));
  }

  private momentsOf(weight: Variable): Moments {
    const known = this.moments.get(weight.name);
    if (known) return known;
    const zeros = () => variable(zerosLike(weight as Tensor), false);
    const moments = { mean: zeros(), square: zeros(), steps: 0 };
    this.moments.set(weight.name, moments);
    return moments;
  }

  private disposeMoments(): void {
    for (const { mean, square } of this.moments.values()) {
      mean.dispose();
      square.dispose();
    }
    this.moments.clear();
  }

  /** Frees the moments. */
  override dispose(): void {
    this.disposeMoments();
    super.dispose();
  }

  /**
   * A copy of the state at the time of the call: `iter`, then `<variable>/m`, `<variable>/v` and the count `<variable>/t`. The caller
   * disposes it.
   */
  override async getWeights(): Promise<NamedTensor[]> {
    const copy = (x: Variable): Tensor => keep(clone(x as Tensor));
    const moments = [...this.moments].flatMap(([name, { mean, square, steps }]) => [
      { name: `${name}/m`, tensor: copy(mean) },
      { name: `${name}/v`, tensor: copy(square) },
      { name: `${name}/t`, tensor: keep(scalar(steps, 'int32')) },
    ]);
    return [await this.saveIterations(), ...moments];
  }

  /**
   * Replaces the state.
   *
   * @param weightValues - The result of {@link AdamW.getWeights}. It is copied; the caller disposes it. If it has no counts, as that of
   *   earlier versions, which had one count for all variables, `iter` is the count of each.
   * @throws RangeError if names are missing or not those of an AdamW; the state is unchanged then.
   */
  override async setWeights(weightValues: NamedTensor[]): Promise<void> {
    const names = weightValues.map(({ name }) => name);
    if (names[0] !== 'iter' || !names.slice(1).every((name) => /\/[mvt]$/.test(name))) {
      throw new RangeError(`AdamW: setWeights got ${names.join(', ') || 'nothing'}, expected iter, then /m, /v and /t of each variable`);
    }
    const given = new Map(weightValues.map(({ name, tensor }) => [name, tensor]));
    const owners = [...new Set(names.slice(1).map((name) => name.slice(0, -2)))];
    const hasCounts = names.some((name) => name.endsWith('/t'));
    const parts = hasCounts ? ['m', 'v', 't'] : ['m', 'v'];
    const missing = owners.flatMap((owner) => parts.map((part) => `${owner}/${part}`)).find((name) => !given.has(name));
    if (missing !== undefined) throw new RangeError(`AdamW: setWeights got no ${missing}`);
    const counts = await Promise.all(owners.map(async (owner) => (await given.get(hasCounts ? `${owner}/t` : 'iter')!.data())[0]!));
    await this.extractIterations(weightValues);
    const take = (name: string): Variable => variable(given.get(name)!, false);
    const moments = owners.map((owner, i): [string, Moments] => [
      owner,
      { mean: take(`${owner}/m`), square: take(`${owner}/v`), steps: counts[i]! },
    ]);
    this.disposeMoments();
    for (const [owner, state] of moments) this.moments.set(owner, state);
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
