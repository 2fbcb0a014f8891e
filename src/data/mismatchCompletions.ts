import { checkOptions } from '../internal/checks.js';
import { checkList } from './checkList.js';
import type { EncodedExample } from './encode.js';
import { checkSequence, promptKey, type Sequence } from './sequence.js';
import { checkTruncation, truncateSequence, type TruncationOptions } from './truncate.js';

/** An example, and its prompt with the completion of another example. */
export interface MismatchedExample extends EncodedExample {
  /** The example's prompt followed by the completion of an example with another prompt. */
  readonly mismatched: Sequence;
  /** Summed log-prob of the mismatched completion under the reference, in nats, if it has been computed. */
  readonly mismatchedReference?: number;
}

/**
 * Pairs every prompt with the completion of another prompt. KTO estimates from these pairs how far the policy has moved from the reference
 * in general (`klEstimate`). Every completion is used once, and never with its own prompt, even if several examples share a prompt, as
 * the two sides of a preference pair do. Prompts are told apart by `promptRow`, which `encodeUnpaired` sets, or if it is missing, by the
 * tokens before the first counted token.
 *
 * @param examples - Two or more examples in any order.
 * @param options - See {@link TruncationOptions}; a mismatched row can be longer than both rows it is made from.
 * @returns The examples in the same order, each with `mismatched`.
 * @throws TypeError or RangeError if an example is malformed.
 * @throws RangeError if more than half of the examples have the same prompt, which makes such a pairing impossible, or if a mismatched
 *   row is too long.
 *
 * @see Ethayarajh et al., "KTO: Model Alignment as Prospect Theoretic Optimization", 2024, section 4.1. https://arxiv.org/abs/2402.01306
 */
export function mismatchCompletions(examples: readonly EncodedExample[], options: TruncationOptions = {}): MismatchedExample[] {
  const fn = 'mismatchCompletions';
  checkOptions(fn, options, ['maxLength', 'truncation']);
  checkTruncation(fn, options);
  checkList(fn, 'examples', examples);
  examples.forEach((example, i) => {
    checkSequence(fn, `examples[${i}]`, example);
  });

  const byPrompt = new Map<string, number[]>();
  examples.forEach((example, i) => {
    const prompt = example.promptRow === undefined ? promptKey(example) : `row ${example.promptRow}`;
    const group = byPrompt.get(prompt);
    if (group) group.push(i);
    else byPrompt.set(prompt, [i]);
  });
  // Examples are ordered by prompt. The example `step` places further on has another prompt, since no group is larger than `step`.
  const groups = [...byPrompt.values()];
  const order = groups.flat();
  const step = groups.reduce((largest, group) => Math.max(largest, group.length), 0);
  if (2 * step > order.length) {
    throw new RangeError(`${fn}: ${step} of ${order.length} examples have the same prompt, expected at most half`);
  }
  const result = [...examples] as MismatchedExample[];
  order.forEach((own, place) => {
    const other = order[(place + step) % order.length]!;
    const at = `${fn}: examples[${own}] with the completion of examples[${other}]`;
    const mismatched = truncateSequence(at, joined(examples[own]!, examples[other]!), options);
    if (!mismatched) throw new RangeError(`${at} has no counted token after its first token within ${options.maxLength!} tokens`);
    const example = { ...examples[own]! };
    // If present, it belongs to an earlier mismatched completion.
    delete (example as { mismatchedReference?: number }).mismatchedReference;
    result[own] = { ...example, mismatched };
  });
  return result;
}

function joined(own: Sequence, other: Sequence): Sequence {
  const [end, start] = [own.mask.indexOf(1), other.mask.indexOf(1)];
  const join = (from: (sequence: Sequence) => readonly number[]) => [...from(own).slice(0, end), ...from(other).slice(start)];
  const weights = ({ weights: given, mask }: Sequence) => given ?? mask.map(() => 1);
  return {
    tokens: join(({ tokens }) => tokens),
    mask: join(({ mask }) => mask),
    ...((own.weights ?? other.weights) && { weights: join(weights) }),
  };
}
