import { checkEach, checkFields } from '../internal/checks.js';
import { notNegative, zeroOrOne, type NumberDomain } from '../internal/domains.js';
import { checkList } from './checkList.js';

/** Prompt and completion in token ids, with a mask of the counted tokens. */
export interface Sequence {
  /** Token ids, integers `[T]`. */
  readonly tokens: readonly number[];
  /** 1 for counted tokens, 0 for all others, such as those of the prompt, `[T]`. */
  readonly mask: readonly number[];
  /** Weights of the counted tokens, finite and not negative, `[T]`; other entries have no effect. If missing, all are 1. */
  readonly weights?: readonly number[];
}

/** The tokens before the first counted token, as a string by which prompts are compared. */
export const promptKey = ({ tokens, mask }: Sequence): string => tokens.slice(0, mask.indexOf(1)).join();

/** Whether any token after the first is counted. The first token does not matter, because no logits predict it. */
export const counts = ({ mask }: Sequence): boolean => mask.includes(1, 1);

/** Token ids. Tensors hold them as int32. */
export const tokenId: NumberDomain = {
  words: 'a token id, an integer in [0, 2^31)',
  has: (v) => Number.isInteger(v) && v >= 0 && v < 2 ** 31,
};

/** Checks that a value is a sequence with a counted token. */
export function checkSequence(fn: string, name: string, value: unknown): void {
  checkFields(fn, name, value, ['tokens', 'mask']);
  const { tokens, mask, weights } = value as Sequence;
  checkList(fn, `${name}.tokens`, tokens);
  checkList(fn, `${name}.mask`, mask);
  if (mask.length !== tokens.length) throw new RangeError(`${fn}: ${name} has ${tokens.length} tokens and a mask of length ${mask.length}`);
  checkEach(fn, `${name}.tokens`, tokens, tokenId);
  checkEach(fn, `${name}.mask`, mask, zeroOrOne);
  if (weights !== undefined) {
    checkList(fn, `${name}.weights`, weights);
    if (weights.length !== tokens.length)
      throw new RangeError(`${fn}: ${name} has ${tokens.length} tokens and weights of length ${weights.length}`);
    checkEach(fn, `${name}.weights`, weights, notNegative);
  }
  if (!counts({ tokens, mask })) throw new RangeError(`${fn}: ${name} has no counted token after its first token`);
}
