import {
  add,
  clone,
  div,
  engine,
  keep,
  mul,
  Optimizer,
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

type NamedTensor = Awaited<ReturnType<Optimizer['getWeights']>>[number];

/** Hyperparameters of {@link AdamW}; the defaults are those of PyTorch. */
export interface AdamWOptions {
  /** Step size, positive; it can be set before each step, as schedules do. Default 1e-3. */
  readonly learningRate?: number;
  /** Decay of the running mean of gradients, in [0, 1). Default 0.9. */
  readonly beta1?: number;
  /** Decay of the running mean of squared gradients, in [0, 1). Default 0.999. */
  readonly beta2?: number;
  /** What is added to the root of that mean, positive. Default 1e-8. */
  readonly epsilon?: number;
  /** Share of a weight that decays in a step at learning rate 1, 0 or more. Default 0.01. */
  readonly weightDecay?: number;
  /** Which variables decay, by name and variable; biases and norms often do not. Default: all. */
  readonly decays?: (name: string, variable: Variable) => boolean;
}

interface Moments {
  readonly mean: Variable;
  readonly square: Variable;
}

/**
 * Adam with decoupled weight decay, an optimizer as those of `tf.train` are:
 *
 *     m = beta1 m + (1 - beta1) g          v = beta2 v + (1 - beta2) g^2
 *     w = w - learningRate weightDecay w - learningRate (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
 *
 * in the t-th step. The moments belong to the variables by name, so that a variable without a gradient in some step keeps
 * its own (`tf.train.adam` counts places). `getWeights` and `setWeights` carry all of its state: training goes on as if it had not stopped.
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
  /** Name under which tfjs serialises it. */
  static readonly className = 'AdamW';

  /** Step size of the next step. */
  learningRate: number;
  private readonly options: Required<Omit<AdamWOptions, 'learningRate'>>;
  private readonly moments = new Map<string, Moments>();

  /** @param options - See {@link AdamWOptions}. */
  constructor(options: AdamWOptions = {}) {
    super();
    checkOptions('AdamW', options, ['learningRate', 'beta1', 'beta2', 'epsilon', 'weightDecay', 'decays']);
    const { learningRate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0.01, decays = () => true } = options;
    checkNumber('AdamW', 'learningRate', learningRate, notNegative);
    checkNumber('AdamW', 'beta1', beta1, belowOne);
    checkNumber('AdamW', 'beta2', beta2, belowOne);
    checkNumber('AdamW', 'epsilon', epsilon, positive);
    checkNumber('AdamW', 'weightDecay', weightDecay, notNegative);
    this.learningRate = learningRate;
    this.options = { beta1, beta2, epsilon, weightDecay, decays };
  }

  /**
   * One step.
   *
   * @param variableGradients - Gradients by the names of the variables; they stay the caller's.
   */
  override applyGradients(variableGradients: NamedTensorMap | NamedTensor[]): void {
    const given = Array.isArray(variableGradients)
      ? variableGradients.map(({ name, tensor }) => [name, tensor] as const)
      : Object.entries(variableGradients);
    // `minimize` gives null for variables of its list that are not trainable.
    const gradients = given.filter(([, gradient]) => (gradient as Tensor | null) !== null);
    checkNumber('AdamW', 'learningRate', this.learningRate, notNegative);
    for (const [name, { shape }] of gradients) {
      const weight = engine().registeredVariables[name];
      if (!weight) throw new RangeError(`AdamW: there is no variable ${name}, for which there is a gradient`);
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
    const rate = this.learningRate;
    const { mean, square: meanSquare } = this.momentsOf(weight);
    mean.assign(add(mul(mean, beta1), mul(gradient, 1 - beta1)));
    meanSquare.assign(add(mul(meanSquare, beta2), mul(square(gradient), 1 - beta2)));
    const root = div(sqrt(meanSquare), Math.sqrt(1 - beta2 ** this.iterations));
    const step = mul(div(mean, add(root, epsilon)), rate / (1 - beta1 ** this.iterations));
    const kept = weightDecay > 0 && decays(weight.name, weight) ? mul(weight as Tensor, 1 - rate * weightDecay) : weight;
    weight.assign(sub(kept, step));
  }

  private momentsOf(weight: Variable): Moments {
    const known = this.moments.get(weight.name);
    if (known) return known;
    const zeros = () => variable(zerosLike(weight as Tensor), false);
    const moments = { mean: zeros(), square: zeros() };
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

  /** All of its state at the call: the number of steps, and two moments of each variable, in copies that are the caller's. */
  override async getWeights(): Promise<NamedTensor[]> {
    const copy = (x: Variable): Tensor => keep(clone(x as Tensor));
    const moments = [...this.moments].flatMap(([name, { mean, square }]) => [
      { name: `${name}/m`, tensor: copy(mean) },
      { name: `${name}/v`, tensor: copy(square) },
    ]);
    return [await this.saveIterations(), ...moments];
  }

  /**
   * Takes a state in.
   *
   * @param weightValues - What {@link AdamW.getWeights} gave; the tensors stay the caller's.
   */
  override async setWeights(weightValues: NamedTensor[]): Promise<void> {
    const names = weightValues.map(({ name }) => name);
    if (names[0] !== 'iter' || !names.slice(1).every((name) => /\/[mv]$/.test(name))) {
      throw new RangeError(`AdamW: setWeights was given ${names.join(', ') || 'nothing'}, expected iter, and /m and /v of variables`);
    }
    const given = new Map(weightValues.map(({ name, tensor }) => [name, tensor]));
    const owners = [...new Set(names.slice(1).map((name) => name.slice(0, -2)))];
    const missing = owners.flatMap((owner) => [`${owner}/m`, `${owner}/v`]).find((name) => !given.has(name));
    if (missing !== undefined) throw new RangeError(`AdamW: setWeights was given no ${missing}`);
    await this.extractIterations(weightValues);
    const take = (name: string): Variable => variable(given.get(name)!, false);
    const moments = owners.map((owner): [string, Moments] => [owner, { mean: take(`${owner}/m`), square: take(`${owner}/v`) }]);
    this.disposeMoments();
    for (const [owner, both] of moments) this.moments.set(owner, both);
  }

  /** The hyperparameters, but for `decays`, which is a function: `fromConfig` makes an optimizer whose variables all decay. */
  override getConfig(): serialization.ConfigDict {
    const { beta1, beta2, epsilon, weightDecay } = this.options;
    return { learningRate: this.learningRate, beta1, beta2, epsilon, weightDecay };
  }

  /** An optimizer of the hyperparameters that `getConfig` gave. */
  static override fromConfig<T extends serialization.Serializable>(
    cls: serialization.SerializableConstructor<T>,
    config: serialization.ConfigDict,
  ): T {
    return new (cls as unknown as new (options: AdamWOptions) => T)(config);
  }
}
