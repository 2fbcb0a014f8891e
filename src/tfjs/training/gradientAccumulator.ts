import { add, clone, dispose, keep, tidy, util, type NamedTensorMap } from '@tensorflow/tfjs-core';
import type { Gradients } from './valueAndGrads.js';

/**
 * Adds up the gradients of the parts of a batch that is too big for one pass.
 *
 * The sum is the gradient of the whole batch if the losses of the parts add up to its loss: divide each part's sum by the size of the
 * whole batch, and give `kto`, `bco`, `nll` and `adaptiveBeta` the statistics of the whole batch (`addStatistics`). Of AOT's losses, which sort
 * the batch, there are no parts.
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
   * Adds the gradients of one part; variables may have none in some parts.
   *
   * @param grads - Gradients by name; they stay the caller's.
   */
  add(grads: NamedTensorMap): void {
    for (const [name, grad] of Object.entries(grads)) {
      const before = this.total[name];
      if (before && !util.arraysEqual(before.shape, grad.shape)) {
        throw new RangeError(
          `GradientAccumulator: the gradient of ${name} has shape [${grad.shape.join(', ')}], expected [${before.shape.join(', ')}] as before`,
        );
      }
      this.total[name] = tidy(() => keep(before ? add(before, grad) : clone(grad))) as Gradients[string];
      before?.dispose();
    }
  }

  /** The sums, which are the caller's from now on; what follows begins anew. */
  take(): Gradients {
    const { total } = this;
    this.total = {};
    return total;
  }

  /** Frees what has been added up. */
  dispose(): void {
    dispose(this.take());
  }
}
