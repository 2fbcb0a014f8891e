import { dispose, type Tensor } from '@tensorflow/tfjs-core';
import { checkOptions } from '../../internal/checks.js';
import { backendOf, describe } from '../../backend/registry.js';
import { noGrad } from './noGrad.js';

/** Options of {@link precomputeReference}. */
export interface PrecomputeOptions {
  /** What earlier calls gave for the first batches, which are then passed over. */
  readonly done?: readonly (readonly Float32Array[])[];
  /** Called after each batch with all that there is so far: the place to save it. */
  readonly onBatch?: (results: readonly (readonly Float32Array[])[]) => void | Promise<void>;
}

/**
 * Log-probs of a frozen reference, once for all epochs: no reference model has to stay in memory during training.
 *
 * @param batches - The batches, in the same order whenever it is called.
 * @param logpsOf - The log-probs of a batch, one tensor or several; it runs off the gradient's tape, and what it makes is freed.
 * @param options - See {@link PrecomputeOptions}.
 * @returns For each batch the values of its tensors, in their order; `attachReference` puts them beside the items. To keep them as
 *   JSON, write `Array.from(values)` and read `Float32Array.from(list)`.
 * @throws TypeError if `logpsOf` gives no list of tensors, or `done` holds anything but Float32Array.
 * @throws RangeError that names the batch if a value is not finite, or if `done` is longer than there are batches.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { precomputeReference } from 'prefloss';
 * const results = await precomputeReference([[1, 2], [3]], (batch) => [tf.neg(tf.tensor1d(batch))]);
 * console.log(results.map(([logps]) => logps!.join()).join(' | ')); // -1,-2 | -3
 * ```
 */
export async function precomputeReference<Batch>(
  batches: Iterable<Batch> | AsyncIterable<Batch>,
  logpsOf: (batch: Batch) => readonly Tensor[],
  options: PrecomputeOptions = {},
): Promise<Float32Array[][]> {
  const fn = 'precomputeReference';
  checkOptions(fn, options, ['done', 'onBatch']);
  const { done = [], onBatch } = options;
  done.forEach((values, b) => {
    if (Array.isArray(values) && values.every((logps) => logps instanceof Float32Array)) return;
    throw new TypeError(`${fn}: done[${b}] is no list of Float32Array; from JSON, make them anew with Float32Array.from`);
  });
  const results = done.map((values) => [...values]);
  let at = 0;
  for await (const batch of batches) {
    if (at++ < done.length) continue;
    const logps = noGrad(() => {
      const made: unknown = logpsOf(batch);
      if (Array.isArray(made) && made.length > 0) return [...(made as Tensor[])];
      throw new TypeError(
        `${fn}: logpsOf gave ${Array.isArray(made) ? 'an empty list' : describe(made)} for batch ${at - 1}, expected a list of tensors`,
      );
    });
    try {
      const values = await backendOf<Tensor>(...logps).read(logps);
      values.forEach((tensor, n) => {
        const bad = Array.from(tensor).findIndex((v) => !Number.isFinite(v));
        if (bad >= 0) throw new RangeError(`${fn}: value ${bad} of tensor ${n} of batch ${at - 1} is ${tensor[bad]!}`);
      });
      results.push(values.map((tensor) => Float32Array.from(tensor)));
    } finally {
      dispose(logps);
    }
    await onBatch?.(results);
  }
  if (at < done.length) throw new RangeError(`${fn}: done has ${done.length} batches, and there are ${at}`);
  return results;
}
