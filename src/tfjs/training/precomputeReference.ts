import { dispose, Tensor } from '@tensorflow/tfjs-core';
import { describe } from '../../backend/describe.js';
import { backendOf } from '../../backend/registry.js';
import { checkEach, checkOptions } from '../../internal/checks.js';
import { finite } from '../../internal/domains.js';
import { mapLeaves } from './mapLeaves.js';
import { noGrad } from './noGrad.js';

/** The values of tensors as plain numbers, in the same lists and records: a pair of tensors gives a pair of lists. */
export type ValuesOf<Tensors> = Tensors extends Tensor ? number[] : { -readonly [Key in keyof Tensors]: ValuesOf<Tensors[Key]> };

/** Options of {@link precomputeReference}. */
export interface PrecomputeOptions<Logps> {
  /** Results of an earlier call for the first batches, which are skipped. Default: none. */
  readonly done?: readonly ValuesOf<Logps>[];
  /** Called and awaited after each computed batch, with all results so far, so that they can be saved. */
  readonly onBatch?: (results: readonly ValuesOf<Logps>[]) => void | Promise<void>;
}

/**
 * Computes the log-probs of a frozen reference once for all epochs, so that the reference model need not stay in memory during
 * training.
 *
 * @param batches - The batches. To continue with `done`, pass the same batches in the same order.
 * @param logpsOf - Returns the log-probs of a batch: `{ chosen, rejected }` for pairs, a tensor for unpaired examples,
 *   `{ completion, mismatched }` for examples with a mismatched completion, or any other record or list of tensors. It runs under
 *   `noGrad`, and all its tensors are disposed.
 * @param options - See {@link PrecomputeOptions}.
 * @returns For each batch, the values of its tensors in row-major order, in the record or list that `logpsOf` returned; `attachReference`
 *   adds them to the items. They are plain numbers: `JSON.stringify` stores them, and `JSON.parse` reads them back for `done`.
 * @throws TypeError if `logpsOf` returns no tensor, or anything but live tensors (the message names its path), or `done` holds anything but
 *   numbers.
 * @throws RangeError if a value is not finite (the message names the batch), or `done` is longer than `batches`.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { precomputeReference } from 'prefloss';
 * const logpsOf = (batch: number[]) => ({ chosen: tf.neg(tf.tensor1d(batch)), rejected: tf.tensor1d(batch) });
 * const results = await precomputeReference([[1, 2], [3]], logpsOf);
 * console.log(results.map(({ chosen, rejected }) => `${chosen} and ${rejected}`).join(' | ')); // -1,-2 and 1,2 | -3 and 3
 * ```
 */
export async function precomputeReference<Batch, Logps extends object>(
  batches: Iterable<Batch> | AsyncIterable<Batch>,
  logpsOf: (batch: Batch) => Logps,
  options: PrecomputeOptions<Logps> = {},
): Promise<ValuesOf<Logps>[]> {
  const fn = 'precomputeReference';
  checkOptions(fn, options, ['done', 'onBatch']);
  const { done = [], onBatch } = options;
  if (!Array.isArray(done)) throw new TypeError(`${fn}: done is ${describe(done)}, expected a list`);
  mapLeaves(`${fn}: done`, done, (value, path) => {
    if (typeof value !== 'number') throw new TypeError(`${fn}: done${path} is ${describe(value)}, expected a number`);
  });
  const results = [...(done as readonly ValuesOf<Logps>[])];
  let at = 0;
  for await (const batch of batches) {
    if (at++ < done.length) continue;
    const name = `logpsOf(batches[${at - 1}])`;
    const logps = noGrad(() => {
      const made = logpsOf(batch);
      checkLogps(fn, name, made);
      return made;
    });
    results.push(await readAndDispose(fn, name, logps));
    await onBatch?.(results);
  }
  if (at < done.length) throw new RangeError(`${fn}: done has length ${done.length}, expected at most ${at} like batches`);
  return results;
}

function checkLogps(fn: string, name: string, logps: object): void {
  let count = 0;
  mapLeaves(`${fn}: ${name}`, logps, (leaf, path) => {
    if (!(leaf instanceof Tensor)) throw new TypeError(`${fn}: ${name}${path} is ${describe(leaf)}, expected a tensor`);
    if (leaf.isDisposed) throw new TypeError(`${fn}: ${name}${path} is disposed`);
    count++;
  });
  if (count === 0) throw new TypeError(`${fn}: ${name} has no tensor, expected at least one`);
}

async function readAndDispose<Logps extends object>(fn: string, name: string, logps: Logps): Promise<ValuesOf<Logps>> {
  const tensors: Tensor[] = [];
  mapLeaves(`${fn}: ${name}`, logps, (leaf) => tensors.push(leaf as Tensor));
  try {
    const values = await backendOf<Tensor>(...tensors).read(tensors);
    let next = 0;
    return mapLeaves(`${fn}: ${name}`, logps, (_, path) => {
      const list = Array.from(values[next++]!);
      checkEach(fn, `${name}${path}`, list, finite);
      return list;
    }) as ValuesOf<Logps>;
  } finally {
    dispose(tensors);
  }
}
