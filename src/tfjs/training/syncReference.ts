import { add, mul, sub, tidy, variable, type Tensor, type Variable } from '@tensorflow/tfjs-core';
import { checkNumber } from '../../internal/checks.js';
import { notNegative, positive, probability, wholeNumber } from '../../internal/domains.js';
import { number, readOptions } from '../../internal/options.js';

/** Checks that two lists of variables belong to the same model. */
function checkSame(fn: string, reference: readonly Variable[], policy: readonly Variable[]): void {
  if (reference.length !== policy.length) {
    throw new RangeError(`${fn}: reference has ${reference.length} variables, expected ${policy.length} like policy`);
  }
  reference.forEach((variable, i) => {
    const { shape, name } = policy[i]!;
    if (variable.shape.join() === shape.join()) return;
    throw new RangeError(`${fn}: reference[${i}] has shape [${variable.shape.join(', ')}], expected [${shape.join(', ')}] like ${name}`);
  });
}

/**
 * Moves a reference model towards the policy, in place.
 *
 *     reference = (1 - alpha) reference + alpha policy
 *
 * TR-DPO calls it a soft update; with `alpha` 1 it is a copy, the hard update, made every few hundred steps.
 *
 * @param reference - Its variables, for example of `frozenCopy`.
 * @param policy - The variables of the policy in the same order.
 * @param options - `alpha`: the share of the policy in [0, 1]. Default 1; TR-DPO's soft update has 0.6 in TRL.
 * @throws RangeError if the variables do not match or `alpha` is outside [0, 1].
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { frozenCopy, syncReference } from 'prefloss';
 * const policy = [tf.variable(tf.scalar(1))];
 * const reference = frozenCopy(policy);
 * policy[0]!.assign(tf.scalar(2));
 * syncReference(reference, policy, { alpha: 0.25 });
 * console.log(reference[0]!.dataSync()[0]); // 1.25
 * ```
 *
 * @see Gorbatovski et al., "Learn Your Reference Model for Real Good Alignment", 2024, eq. 1 and 2. https://arxiv.org/abs/2404.09656
 */
export function syncReference(
  reference: readonly Variable[],
  policy: readonly Variable[],
  options: { readonly alpha?: number } = {},
): void {
  const { alpha } = readOptions('syncReference', options, undefined, { alpha: number(probability, 1) });
  checkSame('syncReference', reference, policy);
  reference.forEach((variable, i) => {
    tidy(() => {
      variable.assign(alpha === 1 ? policy[i]! : mix(variable, policy[i]!, alpha));
    });
  });
}

const mix = (a: Tensor, b: Tensor, share: number): Tensor => add(mul(a, 1 - share), mul(b, share));

/** Hyperparameters of {@link Bema}; the defaults are the paper's, as TRL has them. */
export interface BemaOptions {
  /** Power of the weight that the running mean gives to the policy (kappa), 0 or more. Default 0.5. */
  readonly emaPower?: number;
  /** Power of the weight of the correction (eta), 0 or more. Default 0.2. */
  readonly biasPower?: number;
  /** What is added to the step (rho), positive. Default 10. */
  readonly lag?: number;
  /** What the step is multiplied by (gamma), positive. Default 1. */
  readonly multiplier?: number;
  /** The least weight that the running mean gives to the policy, in [0, 1]. Default 0. */
  readonly minEmaMultiplier?: number;
}

/**
 * Bias-corrected exponential moving average of a policy's weights: less noise than the policy has, without the lag of a plain running
 * mean. Use it as the model to keep, or as a moving reference.
 *
 *     beta  = max((lag + multiplier t)^-emaPower, minEmaMultiplier)          ema  = (1 - beta) ema + beta w
 *     alpha = (lag + multiplier t)^-biasPower                                bema = ema + alpha (w - w0)
 *
 * with `w0` and the first `ema` the weights at construction.
 *
 * @see Block and Zhang, "EMA Without the Lag: Bias-Corrected Iterate Averaging Schemes", 2025, algorithm 1. https://arxiv.org/abs/2508.00180
 */
export class Bema {
  private readonly start: readonly Variable[];
  private readonly average: readonly Variable[];
  private readonly options: Required<BemaOptions>;

  /**
   * @param policy - The variables of the policy, in an order that stays.
   * @param options - See {@link BemaOptions}.
   */
  constructor(
    private readonly policy: readonly Variable[],
    options: BemaOptions = {},
  ) {
    this.options = readOptions('Bema', options, undefined, {
      emaPower: number(notNegative, 0.5),
      biasPower: number(notNegative, 0.2),
      lag: number(positive, 10),
      multiplier: number(positive, 1),
      minEmaMultiplier: number(probability, 0),
    });
    const copies = () => policy.map((w) => variable(w as Tensor, false));
    this.start = copies();
    this.average = copies();
  }

  /**
   * Takes the policy's weights in, and writes the corrected mean into a model.
   *
   * @param step - Number of steps that the policy has made, an integer from 0 on.
   * @param target - The variables of the model that is to have it, for example of `frozenCopy`.
   */
  update(step: number, target: readonly Variable[]): void {
    checkNumber('Bema', 'step', step, wholeNumber);
    checkSame('Bema', target, this.policy);
    const { emaPower, biasPower, lag, multiplier, minEmaMultiplier } = this.options;
    const time = lag + multiplier * step;
    const beta = Math.min(1, Math.max(time ** -emaPower, minEmaMultiplier));
    const alpha = time ** -biasPower;
    this.policy.forEach((weight, i) => {
      tidy(() => {
        const average = this.average[i]!;
        average.assign(mix(average, weight, beta));
        target[i]!.assign(add(average, mul(sub(weight as Tensor, this.start[i]!), alpha)));
      });
    });
  }

  /**
   * Its state, the weights at the beginning and the running means: `saveCheckpoint({ policy: bema.variables })` keeps it, and
   * `loadCheckpoint` puts it into a new one.
   */
  get variables(): readonly Variable[] {
    return [...this.start, ...this.average];
  }

  /** Frees what it keeps: two copies of the weights. */
  dispose(): void {
    for (const copy of this.variables) copy.dispose();
  }
}
