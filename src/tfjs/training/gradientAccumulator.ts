import { add, clone, dispose, keep, tidy, util, type NamedTensorMap } from '@tensorflow/tfjs-core';
import { checkGradient, gradientsByName } from './gradients.js';
import type { Gradients } from './valueAndVariableGrads.js';

/**
 * Adds up the gradients of the parts of a batch that is too large for one pass.
 *
 * The result is the gradient of the whole batch if the losses of the parts add up to its loss. So divide the sum of the losses of each
 * part by the size of the whole batch. Losses that use statistics of the batch must get those of the whole batch: `kto`, `bco` and
 * `bcoPair` (`addStatistics` adds them up), `adaptiveBeta`, and `nll` (`tokenCount`). The losses of AOT, which sort the batch, and
 * `robustMean` cannot be computed in parts.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { GradientAccumulator, valueAndGrads } from 'prefloss';
 *
 * const w = tf.variable(tf.scalar(2));
 * const accumulator = new GradientAccumulator();
 * for (const x of [1, 2, 3]) {
 *   const { loss, grads } = valueAndGrads(() => ({ loss: tf.div(tf.mul(w, x), 3) as tf.Scalar }), [w]);
 *   accumulator.add(grads);
 *   tf.dispose([loss, grads]);
 * }
 * const grads = accumulator.take();
 * console.log(grads[w.name]!.dataSync()[0]); // 2
 * ```
 */
export class GradientAccumulator {
  private total: Gradients = {};

  /**
   * Adds the gradients of one part. A variable may have no gradient in some of the parts. All gradients are checked before any is added.
   *
   * @param grads - Gradients by variable name. The caller disposes them.
   * @throws TypeError if `grads` is not a record, or a gradient is not a tensor of float32, or is disposed.
   * @throws RangeError if a gradient differs in shape from the earlier ones of that name.
   */
  add(grads: NamedTensorMap): void {
    const fn = 'GradientAccumulator';
    const sums = gradientsByName(fn, 'grads', grads).map(([name, grad]) => {
      checkGradient(fn, `grads.${name}`, grad);
      const before = Object.hasOwn(this.total, name) ? this.total[name] : undefined;
      if (before && !util.arraysEqual(before.shape, grad.shape)) {
        throw new RangeError(
          `${fn}: the gradient of ${name} has shape [${grad.shape.join(', ')}], expected [${before.shape.join(', ')}] as before`,
        );
      }
      return { name, before, grad };
    });
    for (const { name, before, grad } of sums) {
      this.total[name] = tidy(() => keep(before ? add(before, grad) : clone(grad))) as Gradients[string];
      before?.dispose();
    }
  }

  /** Returns the sums by variable name and starts again from nothing. The caller disposes the sums. */
  take(): Gradients {
    const { total } = this;
    this.total = {};
    return total;
  }

  /** Frees the sums and starts again from nothing. */
  dispose(): void {
    dispose(this.take());
  }
}
