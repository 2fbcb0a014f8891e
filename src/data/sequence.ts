/** Prompt and completion in token ids, and which of them count. */
export interface Sequence {
  /** Token ids, integers `[T]`. */
  readonly tokens: readonly number[];
  /** 1 for tokens of the completion, 0 for those of the prompt, `[T]`. */
  readonly mask: readonly number[];
}

/** The tokens before the first that counts, as a text to compare prompts by. */
export const promptKey = ({ tokens, mask }: Sequence): string => tokens.slice(0, mask.indexOf(1)).join();
