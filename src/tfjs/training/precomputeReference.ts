import { dispose, type Tensor } from '@tensorflow/tfjs-core';
import { checkOptions } from '../../internal/checks.js';
import { backendOf, describe } from '../../backend/registry.js';
import { noGrad } from './noGrad.js';

/** Options of {@link precomputeReference}. */
export interface PrecomputeOptions {
  /** Results of an earlier call for the first batches, which are skipped. Default: none. */
  readonly done?: readonly (readonly Float32Array[])[];
  /** Called and awaited after each computed batch, with all results so far, so that they can be saved. */
  readonly onBatch?: (results: readonly (readonly Float32Array[])[]) => void | Promise<void>;
}

/**
 * Computes the log-probs of a frozen reference once for all epochs, so that the reference model need not stay in memory during
 * training.
 *
 * @param batches - The batches. To continue with `done`, pass the same batches in the same order.
 * @param logpsOf - Returns the log-probs of a batch, as a list of one or more tensors. It runs under `noGrad`, and all its tensors are
 *   disposed.
 * @param options - See {@link PrecomputeOptions}.
 * @returns For each batch, the values of its tensors in row-major order; `attachReference` adds them to the items. To store them as
 *   JSON, write `Array.from(values)` and read back `Float32Array.from(list)`.
 * @throws TypeError if `logpsOf` does not return a non-empty list, or `done` holds anything but lists of Float32Array.
 * @throws RangeError if a value is not finite (the message names the batch), or `done` is longer than `batches`.
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
    throw new TypeError(`${fn}: done[${b}] is not a list of Float32Array; if it comes from JSON, convert each list with Float32Array.from`);
  });
  const results = done.map((values) => [...values]);
  let at = 0;
  for await (const batch of batches) {
    if (at++ < done.length) continue;
    const logps = noGrad(() => {
      const made: unknown = logpsOf(batch);
      if (Array.isArray(made) && made.length > 0) return [...(made as Tensor[])];
      throw new TypeError(
        `${fn}: logpsOf returned ${Array.isArray(made) ? 'an empty list' : describe(made)} for batch ${at - 1}, expected a list of tensors`,
      );
    });
    try {
      const values = await backendOf<Tensor>(...logps).read(logps);
      values.forEach((tensor, n) => {
        const bad = Array.from(tensor).findIndex((v) => !Number.isFinite(v));
        if (bad >= 0) throw new RangeError(`${fn}: value ${bad} of tensor ${n} of batch ${at - 1} must be finite, got ${tensor[bad]!}`);
      });
      results.push(values.map((tensor) => Float32Array.from(tensor)));
    } finally {
      dispose(logps);
    }
    await onBatch?.(results);
  }
  if (at < done.length) throw new RangeError(`${fn}: done has length ${done.length}, expected at most ${at} like batches`);
  return results;
}
