import { checkOptions } from '../internal/checks.js';
import type { EncodedExample } from './encode.js';
import { promptKey, type Sequence } from './sequence.js';
import { checkTruncation, truncateSequence, type TruncationOptions } from './truncate.js';

/** An example beside its prompt with the completion of another one. */
export interface MismatchedExample extends EncodedExample {
  /** Its prompt, and the completion of an example that has another prompt. */
  readonly mismatched: Sequence;
  /** Summed log-prob of that under the reference, in nats, if it has been computed. */
  readonly mismatchedReference?: number;
}

/**
 * Gives every example the completion of another one, from which KTO estimates how far the policy has moved in general
 * (`klEstimate`). No completion stays with its own prompt, also where several examples have the same prompt, which is so for the two sides of a
 * pair; each is given away once. Prompts are told apart by `promptRow`, which `encodeUnpaired` gives, or by what comes before the first
 * counted token.
 *
 * @param examples - Two or more, in any order, of any number.
 * @param options - As those of `encodeUnpaired`: a mismatched row may be longer than both that it is made of.
 * @returns The examples in the same order, each with `mismatched`.
 * @throws RangeError if more than half of the examples have the same prompt, so that no such choice exists, or a row is too long.
 *
 * @see Ethayarajh et al., "KTO: Model Alignment as Prospect Theoretic Optimization", 2024, section 4.1. https://arxiv.org/abs/2402.01306
 */
export function mismatchCompletions(examples: readonly EncodedExample[], options: TruncationOptions = {}): MismatchedExample[] {
  const fn = 'mismatchCompletions';
  checkOptions(fn, options, ['maxLength', 'truncation']);
  checkTruncation(fn, options);

  const byPrompt = new Map<string, number[]>();
  examples.forEach((example, i) => {
    const prompt = example.promptRow === undefined ? promptKey(example) : `row ${example.promptRow}`;
    const group = byPrompt.get(prompt);
    if (group) group.push(i);
    else byPrompt.set(prompt, [i]);
  });
  // With the same prompts side by side, the example that is further on by the largest group is of another prompt.
  const groups = [...byPrompt.values()];
  const order = groups.flat();
  const step = groups.reduce((largest, group) => Math.max(largest, group.length), 0);
  if (2 * step > order.length) {
    throw new RangeError(`${fn}: ${step} of ${order.length} examples have the same prompt, expected half of them at most`);
  }
  const result = [...examples] as MismatchedExample[];
  order.forEach((own, place) => {
    const other = order[(place + step) % order.length]!;
    const at = `${fn}: examples[${own}] with the completion of examples[${other}]`;
    const mismatched = truncateSequence(at, joined(examples[own]!, examples[other]!), options);
    if (!mismatched) throw new RangeError(`${at}: no token of the completion is left within ${options.maxLength!} tokens`);
    const example = { ...examples[own]! };
    // That of another completion, if there is one.
    delete (example as { mismatchedReference?: number }).mismatchedReference;
    result[own] = { ...example, mismatched };
  });
  return result;
}

function joined(own: Sequence, other: Sequence): Sequence {
  const [end, start] = [own.mask.indexOf(1), other.mask.indexOf(1)];
  return {
    tokens: [...own.tokens.slice(0, end), ...other.tokens.slice(start)],
    mask: [...own.mask.slice(0, end), ...other.mask.slice(start)],
  };
}
