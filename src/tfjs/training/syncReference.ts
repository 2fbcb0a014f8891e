import { add, mul, sub, tidy, variable, type Tensor, type Variable } from '@tensorflow/tfjs-core';
import { checkNumber } from '../../internal/checks.js';
import { notNegative, positive, probability, wholeNumber } from '../../internal/domains.js';
import { number, readOptions } from '../../internal/options.js';
import { checkFloat } from './gradients.js';
import { checkLive, matchVariables, variablesOf, type Variables } from './variables.js';

/**
 * Moves a reference model towards the policy, in place.
 *
 *     reference = (1 - alpha) reference + alpha policy
 *
 * TR-DPO calls this a soft update. With `alpha` 1 it copies the policy: the hard update, made every few hundred steps. Everything is
 * checked before anything changes.
 *
 * @param reference - The variables of the reference, e.g. from `frozenCopy`; see {@link Variables}. They are updated.
 * @param policy - The variables of the policy, in the same lists and records.
 * @param options - `alpha`: weight of the policy, in [0, 1]. Default 1. For soft updates, TRL's default is 0.6.
 * @throws TypeError if one of them contains anything but live variables (the message names its path), or the variables differ in dtype, or
 *   are not of float32 and `alpha` is below 1.
 * @throws RangeError if the variables differ in paths or shapes, an option is unknown, or `alpha` is outside [0, 1].
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
export function syncReference(reference: Variables, policy: Variables, options: { readonly alpha?: number } = {}): void {
  const fn = 'syncReference';
  const { alpha } = readOptions(fn, options, undefined, { alpha: number(probability, 1) });
  const [variables, policyVariables] = [variablesOf(fn, 'reference', reference), variablesOf(fn, 'policy', policy)];
  const pairs = matchVariables(fn, 'reference', variables, policyVariables);
  if (alpha < 1) for (const [path, variable] of policyVariables) checkFloat(fn, `policy${path}`, variable);
  for (const [old, current] of pairs) {
    tidy(() => {
      old.assign(alpha === 1 ? current : mix(old, current, alpha));
    });
  }
}

const mix = (a: Tensor, b: Tensor, share: number): Tensor => add(mul(a, 1 - share), mul(b, share));

/** Hyperparameters of {@link Bema}. The defaults are the paper's, as in TRL. */
export interface BemaOptions {
  /** Exponent of beta, the weight of the policy in the running mean (kappa); 0 or more. Default 0.5. */
  readonly emaPower?: number;
  /** Exponent of alpha, the weight of the bias correction (eta); 0 or more. Default 0.2. */
  readonly biasPower?: number;
  /** Offset of the step (rho), positive. Default 10. */
  readonly lag?: number;
  /** Factor of the step (gamma), positive. Default 1. */
  readonly multiplier?: number;
  /** Lower bound of beta, in [0, 1]. Default 0. */
  readonly minEmaMultiplier?: number;
}

/**
 * Bias-corrected exponential moving average of a policy's weights. It is less noisy than the policy and lags behind less than a plain
 * moving average. Use it as the final model or as a moving reference.
 *
 *     beta  = min(1, max((lag + multiplier t)^-emaPower, minEmaMultiplier))       ema  = (1 - beta) ema + beta w
 *     alpha = (lag + multiplier t)^-biasPower                                     bema = ema + alpha (w - w0)
 *
 * at step t, where `w` are the weights of the policy, and `w0` and the initial `ema` are its weights at construction.
 *
 * @see Block and Zhang, "EMA Without the Lag: Bias-Corrected Iterate Averaging Schemes", 2025, algorithm 1. https://arxiv.org/abs/2508.00180
 */
export class Bema {
  private readonly policy: ReadonlyMap<string, Variable>;
  private readonly start: readonly Variable[];
  private readonly average: readonly Variable[];
  private readonly options: Required<BemaOptions>;

  /**
   * @param policy - The variables of the policy, see {@link Variables}. They are read at construction and in each {@link Bema.update}.
   * @param options - See {@link BemaOptions}.
   * @throws TypeError if `policy` contains anything but live variables of float32; the message names its path.
   * @throws RangeError if an option is unknown or outside its range.
   */
  constructor(policy: Variables, options: BemaOptions = {}) {
    this.options = readOptions('Bema', options, undefined, {
      emaPower: number(notNegative, 0.5),
      biasPower: number(notNegative, 0.2),
      lag: number(positive, 10),
      multiplier: number(positive, 1),
      minEmaMultiplier: number(probability, 0),
    });
    this.policy = variablesOf('Bema', 'policy', policy);
    for (const [path, weight] of this.policy) checkFloat('Bema', `policy${path}`, weight);
    const copies = () => [...this.policy.values()].map((w) => variable(w as Tensor, false));
    this.start = copies();
    this.average = copies();
  }

  /**
   * Updates the running mean with the current weights of the policy, and writes the corrected mean to `target`. Everything is checked before
   * anything changes.
   *
   * @param step - Number of training steps of the policy so far (t), an integer, 0 or more.
   * @param target - The variables to overwrite, e.g. from `frozenCopy`, in the same lists and records as the policy's.
   * @throws TypeError if `target` contains anything but live variables of float32 (the message names its path), or the policy or this Bema is
   *   disposed.
   * @throws RangeError if `step` is outside its range, or the variables differ from the policy's in paths or shapes.
   */
  update(step: number, target: Variables): void {
    checkNumber('Bema', 'step', step, wholeNumber);
    for (const [path, weight] of this.policy) checkLive('Bema', `policy${path}`, weight);
    this.variables.forEach((variable, i) => {
      checkLive('Bema', `variables[${i}]`, variable);
    });
    const pairs = matchVariables('Bema', 'target', variablesOf('Bema', 'target', target), this.policy);
    const { emaPower, biasPower, lag, multiplier, minEmaMultiplier } = this.options;
    const time = lag + multiplier * step;
    const beta = Math.min(1, Math.max(time ** -emaPower, minEmaMultiplier));
    const alpha = time ** -biasPower;
    pairs.forEach(([corrected, weight], i) => {
      tidy(() => {
        const average = mix(this.average[i]!, weight, beta);
        const mean = add(average, mul(sub(weight as Tensor, this.start[i]!), alpha));
        this.average[i]!.assign(average);
        corrected.assign(mean);
      });
    });
  }

  /**
   * Its state: the weights at construction, then the running means. `saveCheckpoint({ policy: bema.variables })` saves it, and
   * `loadCheckpoint(bytes, { policy: other.variables })` restores it into another Bema of the same model.
   */
  get variables(): readonly Variable[] {
    return [...this.start, ...this.average];
  }

  /** Frees its state, which is two copies of the weights. */
  dispose(): void {
    for (const copy of this.variables) copy.dispose();
  }
}
